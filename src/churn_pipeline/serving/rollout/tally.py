"""What an experiment is told by: sums over the answers whose labels have matured.

The database joins, keeps the first answer of each customer and adds up; what comes here
is a row for each arm and period, whatever the journal holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.sequential import Floats, Sums
from churn_pipeline.serving.journal.database import Database
from churn_pipeline.serving.journal.feedback import DAY_NS
from churn_pipeline.serving.journal.labels import with_labels
from churn_pipeline.serving.rollout.spec import Metric, RolloutState

LOSSES: tuple[Metric, ...] = ("log_loss", "brier")
_SURE = 1e-6
_NOBODY = "\x1f"
"""Begins the name of who has none: each such row is a customer."""


@dataclass(frozen=True)
class Tally:
    """Sums of an experiment.

    Attributes:
        since: Answers from then on count, nanoseconds since 1970; 0: none do.
        as_of: When it was counted, likewise.
        until: Answers until then have matured, likewise.
        arms: The champion's sums and the challenger's by metric, by period of constant
            shares; of `profit` only where costs are known.
        shadow: Metric -> the champion's mean, the shadow's, and the sums of shadow
            less champion, one period; empty where none answers.
        promoted: Whether the challenger is the champion: nothing is tried any more.
    """

    since: int = 0
    as_of: int = 0
    until: int = 0
    arms: dict[Metric, tuple[Sums, Sums]] = field(default_factory=dict)
    shadow: dict[Metric, tuple[float, float, Sums]] = field(default_factory=dict)
    promoted: bool = False


def tally(
    database: Database,
    state: RolloutState,
    *,
    maturity_days: int,
    now_ns: int,
    decision: Decision | None = None,
    champion: str | None = None,
) -> Tally:
    """Return the sums of the experiment in force, in bounded memory.

    A customer counts once, with the first answer that has a matured label since the
    challenger has had a share and the champion reigns: who asks ten times is no ten
    customers, and who has moved to the challenger with a larger share stays with the
    arm that came first. Labels that came early, which are all churners', wait.

    Args:
        database: The open journal.
        state: The rollout.
        maturity_days: From an answer until those who stayed are known.
        now_ns: By when labels have matured, nanoseconds since 1970.
        decision: Costs and the usual value, for the profit; None: no profit.
        champion: Version that reigns; None: the one that has answered last.
    """
    horizon = maturity_days * DAY_NS
    asked = _Asked(database, state, horizon, now_ns, decision, champion)
    promoted = champion is not None and champion == state.challenger
    since = 0 if promoted else asked.since
    return Tally(
        since=since if state.challenger else asked.reigns,
        as_of=now_ns,
        until=now_ns - horizon,
        promoted=promoted,
        arms={} if promoted else asked.arms(),
        shadow=asked.beside() if state.shadow else {},
    )


@dataclass(frozen=True)
class _Asked:
    """One count: what is asked of the database."""

    database: Database
    state: RolloutState
    horizon: int
    now: int
    decision: Decision | None
    champion: str | None

    @cached_property
    def models(self) -> list[tuple[int, str, str]]:
        """Id, version and variant of all that has answered."""
        rows = self.database.run("SELECT id, model_version, variant FROM model")
        return [(identity, version, variant) for identity, version, variant in rows]

    @cached_property
    def reigns(self) -> int:
        """Since when no other champion answers; 0 where none ever did."""
        champions = {i: version for i, version, v in self.models if v == "champion"}
        if not champions:
            return 0
        newest = None if self.champion else self._last(list(champions))
        version = champions[newest[1]] if newest else self.champion
        others = [i for i, named in champions.items() if named != version]
        last = self._last(others) if others else None
        return last[0] + 1 if last else 0

    @cached_property
    def since(self) -> int:
        """Since when the challenger has had a share against this champion."""
        begun = [_ns(s.time) for s in self.state.shares if s.percentage]
        return max(self.reigns, min(begun, default=self.now))

    def arms(self) -> dict[Metric, tuple[Sums, Sums]]:
        """Return the champion's and the challenger's sums by period."""
        metrics = _expressions(self.decision)
        periods = [_ns(share.time) for share in self.state.shares]
        sums = np.zeros((2, len(periods) + 1, 1 + 2 * len(metrics)))
        for arm, period, *found in self._arm_rows(metrics, periods):
            sums[int(arm), int(period)] = found
        return {
            metric: (_sums(sums[0], at), _sums(sums[1], at))
            for at, metric in enumerate(metrics)
        }

    def beside(self) -> dict[Metric, tuple[float, float, Sums]]:
        """Return the shadow beside the champion, on the same requests."""
        shadow = self._ids("shadow", self.state.shadow)
        if not shadow:
            return {}
        pairs = _PAIRS.format(
            shadow=shadow,
            champion=self._ids("champion", None),
            labels=with_labels(self.database),
            mature=self._mature(self.reigns),
            **{f"{m}_{a}": _loss(m, a) for m in LOSSES for a in ("p", "c")},
        )
        first = _first_of(self.database, "one_ll, other_ll, one_b, other_b", "pairs")
        parts = [
            f"avg(one_{m}), avg(other_{m}), sum(other_{m} - one_{m}), "
            f"sum((other_{m} - one_{m}) * (other_{m} - one_{m}))"
            for m in ("ll", "b")
        ]
        ((n, *found),) = self.database.run(
            f"WITH pairs AS ({pairs}) SELECT count(*), {', '.join(parts)} "  # noqa: S608
            f"FROM ({first}) AS firsts",
            (_NOBODY,),
        )
        if not n:
            return {}
        return {
            metric: (found[at], found[at + 1], _one_period(n, *found[at + 2 : at + 4]))
            for metric, at in zip(LOSSES, (0, 4), strict=True)
        }

    def _arm_rows(
        self, metrics: dict[Metric, str], periods: Sequence[int]
    ) -> list[tuple[float, ...]]:
        first = self._ids("champion", None)
        second = self._ids("challenger", self.state.challenger)
        if self.state.challenger is None or not (first or second):
            return []
        period = " + ".join(
            [f"CASE WHEN r.time_ns >= {time} THEN 1 ELSE 0 END" for time in periods]
        )
        values = ", ".join(f"{sql} AS m{at}" for at, sql in enumerate(metrics.values()))
        labelled = _ANSWERS.format(
            second=second or "-1",
            both=", ".join(filter(None, (first, second))),
            period=period or "0",
            values=values,
            labels=with_labels(self.database),
            mature=self._mature(self.since),
        )
        names = [f"m{at}" for at in range(len(metrics))]
        once = _first_of(self.database, ", ".join(("arm", "period", *names)), "told")
        sums = ", ".join(f"sum({n}), sum({n} * {n})" for n in names)
        return self.database.run(
            f"WITH told AS ({labelled}) SELECT arm, period, count(*), {sums} "  # noqa: S608
            f"FROM ({once}) AS firsts GROUP BY arm, period",
            (_NOBODY,),
        )

    def _mature(self, since: int) -> str:
        """Return the condition of answers from then on whose label has matured."""
        return (
            f"r.time_ns >= {since} AND r.time_ns <= {self.now - self.horizon} AND "
            f"(f.churned = 1 OR f.known_ns >= r.time_ns + {self.horizon})"
        )

    def _ids(self, variant: str, version: str | None) -> str:
        """Return the ids of what answered as a variant, of one version or of all."""
        return ", ".join(
            str(identity)
            for identity, named, as_what in self.models
            if as_what == variant and version in (None, named)
        )

    def _last(self, models: Sequence[int]) -> tuple[int, int] | None:
        """Return time and model of the newest answer of some models."""
        ids = ", ".join(map(str, models))
        rows = self.database.run(
            "SELECT r.time_ns, p.model FROM request r "  # noqa: S608
            "JOIN prediction p ON p.request = r.id "
            f"WHERE p.model IN ({ids}) ORDER BY r.time_ns DESC LIMIT 1"
        )
        return (rows[0][0], rows[0][1]) if rows else None


_ANSWERS = """
SELECT coalesce(p.customer, ? || p.request || '/' || p.line) AS who, r.time_ns,
  CASE WHEN p.model IN ({second}) THEN 1 ELSE 0 END AS arm, {period} AS period, {values}
FROM request r JOIN prediction p ON p.request = r.id
{labels}
WHERE p.model IN ({both}) AND {mature}
"""
_PAIRS = """
SELECT coalesce(p.customer, ? || p.request || '/' || p.line) AS who, r.time_ns,
  {log_loss_c} AS one_ll, {log_loss_p} AS other_ll,
  {brier_c} AS one_b, {brier_p} AS other_b
FROM request r JOIN prediction p ON p.request = r.id
JOIN request rc ON rc.request_id = r.request_id
JOIN prediction c ON c.request = rc.id AND c.line = p.line
{labels}
WHERE p.model IN ({shadow}) AND c.model IN ({champion}) AND {mature}
"""


def _first_of(database: Database, columns: str, table: str) -> str:
    return database.first_of.replace("{}", columns).replace("[]", table)


def _expressions(decision: Decision | None) -> dict[Metric, str]:
    """Return SQL for each metric of an answer."""
    found: dict[Metric, str] = {metric: _loss(metric, "p") for metric in LOSSES}
    if decision is not None:
        found["profit"] = retained(decision)
    return found


def retained(decision: Decision) -> str:
    """Return SQL for the money that a customer brought, less what keeping one cost.

    Whoever was to be called and stayed is taken to have taken the offer, which is
    unkind to the arm that calls more. In an experiment by chance that is the only
    measure that sees what calls change: the losses take a churner who was kept for a
    stayer.

    Args:
        decision: Costs, and what a customer is worth of whom that is not logged.
    """
    usual, contact = decision.usual_value, decision.contact_cost
    return (
        f"coalesce(p.value, {usual!r}) * (1 - f.churned) - CASE p.decision "
        f"WHEN 'call' THEN {contact!r} + {decision.offer_cost!r} * (1 - f.churned) "
        "ELSE 0 END"
    )


def _loss(metric: Metric, answer: str) -> str:
    """Return SQL for a loss of an answer, whose label is `f`."""
    p = f"{answer}.probability"
    if metric == "brier":
        return f"({p} - f.churned) * ({p} - f.churned)"
    said = f"CASE f.churned WHEN 1 THEN {p} ELSE 1 - {p} END"
    return f"-ln(CASE WHEN {said} < {_SURE} THEN {_SURE} ELSE {said} END)"


def _sums(found: Floats, metric: int) -> Sums:
    """Return an arm's sums of a metric: of each row n, then sum and squares of each."""
    return Sums(found[:, 0], found[:, 1 + 2 * metric], found[:, 2 + 2 * metric])


def _one_period(n: float, total: float, squares: float) -> Sums:
    return Sums(np.array([float(n)]), np.array([total]), np.array([squares]))


def _ns(time: str) -> int:
    return int(dt.datetime.fromisoformat(time).timestamp() * 1e9)

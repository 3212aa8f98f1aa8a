"""What came of an experiment: each arm on customers whose labels have matured."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.sequential import (
    Interval,
    Sums,
    Verdict,
    difference,
    paired,
)
from churn_pipeline.serving.rollout.outcomes import (
    Outcome,
    once,
    reigns_since,
    takes_part,
)
from churn_pipeline.serving.rollout.spec import Metric, RolloutState

Floats = NDArray[np.float64]
Whole = Literal["better", "worse", "harm", "not_yet"]

METRICS: tuple[Metric, ...] = ("log_loss", "brier", "profit")
PRIMARY_PART, OTHER_PART, GUARD_PART = 1 / 2, 1 / 8, 1 / 8
"""Parts of the level: the primary metric, the two others, errors, slow answers."""
_SURE = 1e-6


class Measured(BaseModel):
    """A metric of the challenger, or the shadow, beside the champion's.

    Attributes:
        metric: Which; of `log_loss` and `brier` the lower is better, of `profit`
            (money a customer) the higher.
        champion: The champion's mean.
        challenger: The other's mean.
        difference: Challenger less champion, within periods of constant shares.
        low: Lower end of its interval; None where too few are known.
        high: Upper end.
        level: Largest probability that the interval ever leaves out the truth.
        verdict: `better`, `worse` or `not_yet`.
    """

    metric: Metric
    champion: float
    challenger: float
    difference: float
    low: float | None
    high: float | None
    level: float
    verdict: Verdict


class Experiment(BaseModel):
    """The results so far; they may be looked at any time.

    Attributes:
        experiment: Its name; empty where there is none.
        challenger: The version that is tried.
        percentage: Its share now.
        primary: The metric that decides.
        verdict: `better` or `worse` by the primary metric; `harm` where another one
            is worse, or the challenger was stopped; else `not_yet`.
        stopped: Why the challenger was stopped.
        customers: How many count, by arm.
        since: UTC, ISO 8601; earlier answers met another champion.
        metrics: Each of the metrics.
        shadow: The shadow's on the same customers, where one answers; without profit,
            since nobody acted on what it said.
    """

    experiment: str
    challenger: str | None
    percentage: float
    primary: Metric
    verdict: Whole
    stopped: str
    customers: dict[str, int]
    since: str
    metrics: list[Measured]
    shadow: list[Measured]


def results(
    outcomes: Iterable[Outcome], state: RolloutState, decision: Decision | None = None
) -> Experiment:
    """Return what came of the experiment so far.

    A customer counts once, with the first answer since the champion reigns: a customer
    who asks ten times is no ten customers, and one who has moved to the challenger
    with a larger share stays with the arm that came first.

    Args:
        outcomes: In any order; those outside of the experiment are left out.
        state: The rollout.
        decision: Costs and values, for the profit; None: no profit.
    """
    rows = sorted(outcomes, key=lambda row: row.time)
    since = reigns_since(rows)
    rows = [row for row in rows if row.time >= since]
    arms = once([row for row in rows if takes_part(row, state)])
    champion = [row for row in arms if row.variant == "champion"]
    challenger = [row for row in arms if row.variant == "challenger"]
    measured = _measure(champion, challenger, state, decision)
    return Experiment(
        experiment=state.name,
        challenger=state.challenger,
        percentage=state.percentage,
        primary=state.primary,
        verdict=_verdict(measured, state),
        stopped=state.stopped,
        customers={"champion": len(champion), "challenger": len(challenger)},
        since=_iso(since),
        metrics=measured,
        shadow=_beside(rows, state),
    )


def retained(
    label: Floats, probability: Floats, value: Floats, decision: Decision
) -> Floats:
    """Return the money that each customer brought, less what keeping them cost.

    Whoever was contacted and stayed is taken to have taken the offer, which is unkind
    to the arm that contacts more. In an experiment by chance that is the only measure
    that sees what contacts change: the losses take a churner who was kept for a stayer.

    Args:
        label: float64, (n,), 1 churned, 0 stayed.
        probability: float64, (n,), as it was answered.
        value: float64, (n,), money; not a number: the usual.
        decision: Costs and values.
    """
    worth = np.where(np.isnan(value), decision.usual_value, value)
    contacted = probability >= decision.threshold(worth)
    cost = decision.contact_cost + decision.offer_cost * (1 - label)
    found: Floats = worth * (1 - label) - contacted * cost
    return found


def _measure(
    champion: Sequence[Outcome],
    challenger: Sequence[Outcome],
    state: RolloutState,
    decision: Decision | None,
) -> list[Measured]:
    times = [_ns(share.time) for share in state.shares]
    first, second = _values(champion, decision), _values(challenger, decision)
    found = []
    for metric in first:
        part = PRIMARY_PART if metric == state.primary else OTHER_PART
        level = state.level * part
        a, b = (
            Sums.of(
                values[metric],
                np.searchsorted(times, [row.time for row in rows], side="right"),
                len(times) + 1,
            )
            for values, rows in ((first, champion), (second, challenger))
        )
        interval = difference(a, b, level=level, planned=state.planned)
        found.append(_measured(metric, first[metric], second[metric], interval, level))
    return found


def _beside(rows: Sequence[Outcome], state: RolloutState) -> list[Measured]:
    """Return the shadow's metrics on customers whom the champion answered too."""
    shown = {r.customer: r for r in once([r for r in rows if r.variant == "champion"])}
    unseen = once([r for r in rows if r.variant == "shadow"])
    pairs = [
        (shown[row.customer], row)
        for row in unseen
        if row.customer and row.customer in shown and row.model_version == state.shadow
    ]
    first = _values([pair[0] for pair in pairs], None)
    second = _values([pair[1] for pair in pairs], None)
    found = []
    for metric in first if pairs else ():
        change = second[metric] - first[metric]
        sums = Sums.of(change, np.zeros(len(pairs)), 1)
        level = state.level * PRIMARY_PART
        interval = paired(sums, level=level, planned=state.planned)
        found.append(_measured(metric, first[metric], second[metric], interval, level))
    return found


def _values(rows: Sequence[Outcome], decision: Decision | None) -> dict[Metric, Floats]:
    label = np.array([row.label for row in rows], np.float64)
    probability = np.array([row.probability for row in rows], np.float64)
    sure = np.clip(probability, _SURE, 1 - _SURE)
    found: dict[Metric, Floats] = {
        "log_loss": -(label * np.log(sure) + (1 - label) * np.log(1 - sure)),
        "brier": (probability - label) ** 2,
    }
    if decision is not None:
        value = np.array([row.value for row in rows], np.float64)
        found["profit"] = retained(label, probability, value, decision)
    return found


def _measured(
    metric: Metric, first: Floats, second: Floats, interval: Interval, level: float
) -> Measured:
    known = bool(np.isfinite(interval.low))
    return Measured(
        metric=metric,
        champion=float(first.mean()) if len(first) else 0.0,
        challenger=float(second.mean()) if len(second) else 0.0,
        difference=float(interval.difference),
        low=float(interval.low) if known else None,
        high=float(interval.high) if known else None,
        level=level,
        verdict=interval.verdict(lower_is_better=metric != "profit"),
    )


def _verdict(measured: Sequence[Measured], state: RolloutState) -> Whole:
    said = {found.metric: found.verdict for found in measured}
    primary = said.pop(state.primary, "not_yet")
    if state.stopped or "worse" in said.values():
        return "harm"
    return primary


def _ns(time: str) -> int:
    return int(dt.datetime.fromisoformat(time).timestamp() * 1e9)


def _iso(time: int) -> str:
    if not time:
        return ""
    return dt.datetime.fromtimestamp(time / 1e9, dt.UTC).isoformat(timespec="seconds")

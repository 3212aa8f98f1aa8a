"""What came of an experiment: each arm on customers whose labels have matured."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel

from churn_pipeline.evaluation.sequential import (
    Interval,
    Sums,
    Verdict,
    difference,
    paired,
)
from churn_pipeline.serving.rollout.spec import CANARY, Metric, RolloutState
from churn_pipeline.serving.rollout.tally import Tally

Whole = Literal["better", "worse", "harm", "not_yet"]

PRIMARY_PART, OTHER_PART, GUARD_PART = 1 / 2, 1 / 8, 1 / 8
"""Parts of the level: the primary metric, the two others, errors, slow answers."""

_NOTHING = Sums(*np.zeros((3, 1)))


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
            is worse, or the canary has stopped the challenger; else `not_yet`, also
            once the challenger is the champion.
        stopped: Why the challenger was stopped, by the canary or by somebody.
        customers: How many count, by arm, and beside the shadow where one answers.
        since: UTC, ISO 8601; earlier answers met another champion, or no challenger.
        as_of: When it was counted, UTC, ISO 8601.
        matured_until: Answers until then have matured by `as_of`; later ones wait.
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
    as_of: str
    matured_until: str
    metrics: list[Measured]
    shadow: list[Measured]


def results(found: Tally, state: RolloutState) -> Experiment:
    """Return what came of the experiment so far.

    Args:
        found: Its sums.
        state: The rollout that they are of.
    """
    measured = _measure(found, state)
    arms = next(iter(found.arms.values()), (_NOTHING, _NOTHING))
    n = (int(arm.n.sum()) for arm in arms)
    customers = dict(zip(("champion", "challenger"), n, strict=True))
    for _, _, change in found.shadow.values():
        customers["shadow"] = int(change.n.sum())
    return Experiment(
        experiment=state.name,
        challenger=state.challenger,
        percentage=state.percentage,
        primary=state.primary,
        verdict="not_yet" if found.promoted else _verdict(measured, state),
        stopped=state.stopped,
        customers=customers,
        since=_iso(found.since),
        as_of=_iso(found.as_of),
        matured_until=_iso(found.until),
        metrics=measured,
        shadow=_beside(found, state),
    )


def _measure(found: Tally, state: RolloutState) -> list[Measured]:
    measured = []
    for metric, (a, b) in found.arms.items():
        part = PRIMARY_PART if metric == state.primary else OTHER_PART
        level = state.level * part
        interval = difference(a, b, level=level, planned=state.planned)
        measured.append(_measured(metric, _mean(a), _mean(b), interval, level))
    return measured


def _beside(found: Tally, state: RolloutState) -> list[Measured]:
    """Return the shadow's metrics on customers whom the champion answered too."""
    level = state.level * PRIMARY_PART
    measured = []
    for metric, (first, second, change) in found.shadow.items():
        interval = paired(change, level=level, planned=state.planned)
        measured.append(_measured(metric, first, second, interval, level))
    return measured


def _mean(sums: Sums) -> float:
    return float(sums.total.sum() / max(sums.n.sum(), 1))


def _measured(
    metric: Metric, first: float, second: float, interval: Interval, level: float
) -> Measured:
    known = bool(np.isfinite(interval.low))
    return Measured(
        metric=metric,
        champion=first,
        challenger=second,
        difference=float(interval.difference),
        low=float(interval.low) if known else None,
        high=float(interval.high) if known else None,
        level=level,
        verdict=interval.verdict(lower_is_better=metric != "profit"),
    )


def _verdict(measured: Sequence[Measured], state: RolloutState) -> Whole:
    said = {found.metric: found.verdict for found in measured}
    primary = said.pop(state.primary, "not_yet")
    if state.stopped_by == CANARY or "worse" in said.values():
        return "harm"
    return primary


def _iso(time: int) -> str:
    if not time:
        return ""
    return dt.datetime.fromtimestamp(time / 1e9, dt.UTC).isoformat(timespec="seconds")

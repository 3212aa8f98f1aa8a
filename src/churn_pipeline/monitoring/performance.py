"""Performance once labels are there, beside what was estimated and what was released.

Each month of observation is a cohort. It is judged when all of its labels have matured:
until then those who left are known and those who stayed are not, and every rate taken
from what is known would be wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.monitoring.cells import Cells
from churn_pipeline.monitoring.estimate import (
    Measured,
    in_words_of,
    measure_weighted,
)
from churn_pipeline.monitoring.history import Watch
from churn_pipeline.monitoring.window_rule import WindowRule
from churn_pipeline.params import Params

Source = Literal["features", "log"]
Against = Literal["release", "estimate"]

_NORMAL = 1.959963985


class Limits(Params):
    """From which on a metric is worse than chance and habit explain.

    Attributes:
        roc_auc: Drop from the test split's at the release.
        log_loss: Rise above the estimate, as a share of it.
        churn_rate: Distance from the estimate either way, as a share of it.
        profit: Drop from the estimate, as a share of it.
    """

    roc_auc: float = Field(default=0.05, ge=0)
    log_loss: float = Field(default=0.1, ge=0)
    churn_rate: float = Field(default=0.2, ge=0)
    profit: float = Field(default=0.2, ge=0)


class Worse(Params):
    """A metric that is worse than its limit lets pass, beyond chance.

    Attributes:
        metric: Which.
        against: What it was compared with: the test split at the `release`, or the
            `estimate` of the same customers.
        then: Its value there.
        now: Its value.
        limit: How far it might have been, in the metric's own measure.
        seen: Whether labels say so; else it is estimated.
    """

    metric: str
    against: Against
    then: float
    now: float
    limit: float
    seen: bool

    @property
    def in_words(self) -> str:
        """What is worse, as one sentence."""
        how = "is" if self.seen else "is estimated to be"
        than = {"release": "at its release", "estimate": "its estimate"}[self.against]
        name = self.metric.replace("_", " ").replace("roc auc", "ROC AUC")
        return (
            f"{name} {how} {self.now:.4g}, {than} {self.then:.4g}: further than "
            f"{self.limit:.3g}, and beyond chance."
        )


class Segment(Params):
    """A group of a cohort's customers.

    Attributes:
        segment: Name of the column.
        level: The group.
        rows: Customers with a label.
        small: Whether they are too few to judge.
        estimated: Metrics as estimated without labels.
        realised: Metrics by the labels; empty where they are too few.
        missed: Metrics whose realised value the estimate's interval does not hold.
    """

    segment: str
    level: str
    rows: int
    small: bool
    estimated: dict[str, Measured]
    realised: dict[str, Measured]
    missed: tuple[str, ...] = ()


class Cohort(Params):
    """The customers observed in a month.

    Attributes:
        month: Its first day.
        date: Its newest observation date, or day of the log.
        source: Where they come from: the `features`, or the prediction `log`.
        rows: How many customers.
        labelled: How many have a label, of a mature month; else 0.
        churners: How many of these churned.
        matured: Whether all labels are settled.
        overlapping: Whether the model has learnt from labels of the same days.
        estimated: Metrics as estimated without labels.
        realised: Metrics by the labels; empty where there are none, or too few.
        missed: Metrics whose realised value the estimate's interval does not hold.
        worse: What is worse than the limits let pass.
    """

    month: dt.date
    date: dt.date
    source: Source
    rows: int
    labelled: int = 0
    churners: int = 0
    matured: bool = False
    overlapping: bool = False
    estimated: dict[str, Measured] = Field(default_factory=dict)
    realised: dict[str, Measured] = Field(default_factory=dict)
    missed: tuple[str, ...] = ()
    worse: tuple[Worse, ...] = ()

    @property
    def degraded(self) -> bool:
        """Whether labels say that the model has become worse."""
        return any(found.seen for found in self.worse)


class PerformanceReport(Params):
    """How good the champion is, as far as can be known.

    Attributes:
        date: The newest observation date.
        window: First and last observation date that were looked at.
        model_version: Version of the champion.
        rows: Customers newer than those that it learnt from.
        matured: How many of them have a mature label.
        estimated: Metrics of the newest cohort, as estimated without labels.
        realised: Metrics of the newest mature cohort; None: none has matured.
        realised_month: Which cohort that is.
        reference: Metrics on the test split, before its release.
        cohorts: Every month newer than what it learnt from, the oldest first.
        by_segment: The segments of the newest mature cohort; of the newest of all
            where none has matured.
        degraded: Whether the newest mature cohort is worse than the limits let pass.
        confirmed: Whether N of the last M mature cohorts are, the newest among them.
        expected: Whether the newest cohort is estimated to be worse.
        reasons: What is worse, and what was missed, in words.
        unseen: What an estimate cannot see, in words.
        coverage: Share of the intervals that hold the truth.
        dates: Dates that the calibration was checked on.
    """

    date: dt.date
    window: tuple[dt.date, dt.date]
    model_version: str
    rows: int
    matured: int
    estimated: dict[str, Measured]
    realised: dict[str, Measured] | None
    realised_month: dt.date | None
    reference: dict[str, Measured]
    cohorts: tuple[Cohort, ...]
    by_segment: tuple[Segment, ...]
    degraded: bool
    confirmed: bool
    expected: bool
    reasons: tuple[str, ...]
    unseen: tuple[str, ...]
    coverage: float
    dates: int

    @property
    def judged(self) -> tuple[Cohort, ...]:
        """The cohorts that are judged."""
        return of_one_source(self.cohorts)

    @property
    def in_words(self) -> str:
        """What came out, as one sentence."""
        if not self.cohorts:
            return (
                "Nothing newer than what the model learnt from: nothing to estimate, "
                "nothing to measure."
            )
        if self.realised is None:
            known = "No label has matured since the release"
        elif self.degraded:
            known = f"Worse by the labels of {self.realised_month:%Y-%m}" + (
                ", and not for the first time" if self.confirmed else ""
            )
        else:
            known = f"As good as stated by the labels of {self.realised_month:%Y-%m}"
        if self.degraded:
            return (
                f"{known}: the estimate of {self.date:%Y-%m-%d} is not to be relied on."
            )
        ahead = "worse" if self.expected else "as good as at the release"
        return f"{known}; of {self.date:%Y-%m-%d} it is estimated to be {ahead}."


def realised(
    cells: Cells, decision: Decision, *, draws: int, coverage: float, seed: int
) -> dict[str, Measured]:
    """Return the metrics by the labels, with bootstrap intervals.

    Args:
        cells: Customers whose label is known, each once.
        decision: Costs and values, for the profit.
        draws: Resamples of the customers, 20 or more.
        coverage: Share of intervals that hold the truth, in (0, 1).
        seed: Of the draws.

    Returns:
        Metric -> value and interval; what is not defined is left out.
    """
    if not cells.n:
        return {}
    rng = np.random.default_rng(seed)
    ranking = cells.ranking(decision)
    drawn = rng.multinomial(cells.n, cells.rows / cells.n, draws).astype(np.float64)
    found = measure_weighted(ranking, drawn)
    _, variance = cells.churner_gain(decision)
    earning = cells.rows * cells.called * (cells.label == 1)
    spread = np.sqrt(earning @ variance) / cells.n
    found["profit"] += rng.standard_normal(draws) * spread
    point = measure_weighted(ranking, cells.rows[None])
    told = {name: float(value[0]) for name, value in point.items()}
    return in_words_of(told, found, coverage=coverage)


def missed(
    estimated: Mapping[str, Measured], realised: Mapping[str, Measured]
) -> tuple[str, ...]:
    """Return the metrics whose realised value lies outside of the estimate."""
    return tuple(
        name
        for name, found in realised.items()
        if name in estimated and not estimated[name].holds(found.value)
    )


def find_worse(
    estimated: Mapping[str, Measured],
    realised: Mapping[str, Measured],
    reference: Mapping[str, Measured],
    limits: Limits,
) -> tuple[Worse, ...]:
    """Return what of a cohort is worse than the limits let pass, beyond chance.

    How well customers are ranked is compared with the release. Losses, rates and money
    follow how many churn, and are compared with what was to be expected of the same
    customers: their estimate.
    """
    seen = bool(realised)
    found = [_dropped(realised or estimated, reference, limits.roc_auc, seen=seen)]
    for name, sign in (("log_loss", 1), ("churn_rate", 0), ("profit", -1)):
        if name in realised and name in estimated:
            share = getattr(limits, name)
            found.append(_off(name, realised[name], estimated[name], sign, share))
    return tuple(worse for worse in found if worse is not None)


def is_confirmed(cohorts: Sequence[Cohort], rule: WindowRule) -> bool:
    """Return whether N of the last M mature cohorts are worse, the newest among them.

    Args:
        cohorts: The oldest first.
        rule: N and M.
    """
    judged = [cohort.degraded for cohort in cohorts if cohort.realised]
    return bool(judged) and judged[-1] and sum(judged[-rule.m :]) >= rule.n


def of_one_source(cohorts: Sequence[Cohort]) -> tuple[Cohort, ...]:
    """Return the cohorts that are judged: of the features, or else of the log."""
    of_features = tuple(cohort for cohort in cohorts if cohort.source == "features")
    return of_features or tuple(cohorts)


def watches(report: PerformanceReport, history: Sequence[Watch]) -> list[Watch]:
    """Return what the history does not know yet of each cohort.

    An estimate that was told once stays as it was told, so that it can be held against
    what became true.
    """
    known = {(w.date, w.model_version): w for w in history}
    new = []
    for cohort in report.judged:
        key = (cohort.date, report.model_version)
        before = known.get(key)
        estimated = {} if before and before.estimated else _flat(cohort.estimated)
        found = _flat(cohort.realised)
        if before and before.realised == found:
            found = {}
        if estimated or found:
            told = Watch(date=key[0], model_version=key[1], estimated=estimated)
            new.append(told.model_copy(update={"realised": found}))
    return new


def _dropped(
    now: Mapping[str, Measured],
    then: Mapping[str, Measured],
    limit: float,
    *,
    seen: bool,
) -> Worse | None:
    """Return the drop of the ROC AUC from the release, if it is one beyond chance."""
    name = "roc_auc"
    if name not in now or name not in then:
        return None
    drop = then[name].value - now[name].value
    error = float(np.hypot(_error(now[name]), _error(then[name])))
    if drop <= limit or drop <= _NORMAL * error:
        return None
    values = {"then": then[name].value, "now": now[name].value, "limit": limit}
    return Worse(metric=name, against="release", seen=seen, **values)


def _off(
    name: str, now: Measured, then: Measured, sign: int, share: float
) -> Worse | None:
    """Return how a metric is off its estimate, on the bad side or on either (0)."""
    away = now.value - then.value
    bad = abs(away) if sign == 0 else sign * away
    limit = share * abs(then.value)
    if bad <= limit or then.holds(now.value):
        return None
    values = {"then": then.value, "now": now.value, "limit": limit}
    return Worse(metric=name, against="estimate", seen=True, **values)


def _error(found: Measured) -> float:
    return (found.high - found.low) / (2 * _NORMAL)


def _flat(metrics: Mapping[str, Measured]) -> dict[str, float]:
    """Return metrics with their ends, as the history keeps them."""
    flat: dict[str, float] = {}
    for name, found in metrics.items():
        flat |= {
            name: found.value,
            f"{name}_low": found.low,
            f"{name}_high": found.high,
        }
    return flat

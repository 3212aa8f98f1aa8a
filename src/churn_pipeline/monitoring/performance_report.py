"""What is told of a champion's performance: the report, month by month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from churn_pipeline.monitoring.estimate import (
    Measured,
)
from churn_pipeline.params import Params

Source = Literal["features", "log"]
Against = Literal["release", "estimate"]


class Limits(Params):
    """From which on a metric is worse than chance and habit explain.

    Attributes:
        roc_auc: Drop from the test split's at the release.
        log_loss: Rise above the estimate, as a share of it.
        churn_rate: Distance from the estimate either way, as a share of it.
        profit: Drop from the estimate, as a share of it.
        at_once: A metric that is further off than so many times its limit is no
            chance of one month: it counts as confirmed.
    """

    roc_auc: float = Field(default=0.05, ge=0)
    log_loss: float = Field(default=0.1, ge=0)
    churn_rate: float = Field(default=0.2, ge=0)
    profit: float = Field(default=0.2, ge=0)
    at_once: float = Field(default=2.0, ge=1)


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
    def times(self) -> float:
        """How many times its limit it is off."""
        return abs(self.now - self.then) / max(self.limit, 1e-12)

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
        realised: Metrics of the newest mature cohort with labels enough to judge;
            None: there is none.
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
            known = f"{_labels(self.matured)} matured since the release"
            known += ", too few to judge by" if self.matured else ""
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


def _labels(n: int) -> str:
    """Return so many labels as the beginning of a sentence."""
    if n > 1:
        return f"{n:,} labels have"
    return "One label has" if n else "No label has"


def of_one_source(cohorts: Sequence[Cohort]) -> tuple[Cohort, ...]:
    """Return the cohorts that are judged: of the features, or else of the log."""
    of_features = tuple(cohort for cohort in cohorts if cohort.source == "features")
    return of_features or tuple(cohorts)

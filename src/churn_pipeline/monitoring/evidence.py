"""What a decision to make a model anew rests on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from churn_pipeline.monitoring.performance_report import Cohort, PerformanceReport
from churn_pipeline.monitoring.requests import Request
from churn_pipeline.monitoring.verdict import DriftVerdict
from churn_pipeline.params import Params


class Standing(Params):
    """How good the champion is by its labels, against what it was.

    Attributes:
        ranking_fell: Whether it tells who leaves less well than it did.
        calibration_moved: Whether its probabilities are no longer what happens.
        text: What was found, in words.
        since: First day of the first month that was worse, of those that are worse
            without a break up to the newest; None: it does not count as worse.
    """

    ranking_fell: bool
    calibration_moved: bool
    text: str
    since: dt.date | None = None


class Trial(Params):
    """What another calibration of the champion would be, by the newest labels.

    Attributes:
        better: Whether the gate would let it pass.
        text: Why, in words.
    """

    better: bool
    text: str


def standing_of(
    report: PerformanceReport, calibration: Trial | None = None
) -> Standing | None:
    """Return how good a model is by its labels; None where too few are mature.

    It counts as worse once N of the last M mature months are. What is estimated
    without labels is told, and no reason: customers may have become harder to tell.
    Nor are probabilities that another calibration would not mend.

    Args:
        report: How good it is, month by month.
        calibration: What another calibration would be; None: none was tried.
    """
    if report.realised is None:
        return None
    newest = [c for c in report.judged if c.month == report.realised_month]
    seen = [w for cohort in newest for w in cohort.worse if w.seen]
    fell = any(worse.metric == "roc_auc" for worse in seen)
    mends = calibration is None or calibration.better
    counts = report.confirmed and (fell or (bool(seen) and mends))
    measured = [c for c in report.judged if c.realised]
    return Standing(
        ranking_fell=counts and fell,
        calibration_moved=counts and not fell,
        text=" ".join(worse.in_words for worse in seen) or report.in_words,
        since=_since(measured) if counts else None,
    )


def _since(measured: Sequence[Cohort]) -> dt.date | None:
    """Return the first of the newest months that are worse without a break."""
    found = None
    for cohort in reversed(measured):
        if not cohort.degraded:
            break
        found = cohort.month
    return found


@dataclass(frozen=True)
class Evidence:
    """What a decision rests on; None: not known.

    Attributes:
        champion: Version of the model that serves.
        made: When the run that made it began.
        newest: When the run of the newest model began, a refused one included.
        trained: When the run began that the champion's order of the customers comes
            from; None: when it was made, its calibration is no newer.
        rows: Rows that the champion's order of the customers was learnt from; what
            its calibration alone has learnt from is no part of them.
        first: First observation date that is learnt from: of those rows, or a later
            one from which on customers leave as they do now.
        labels_until: Last day that their labels look at.
        verdict: What became of inputs, predictions and churn rate.
        standing: How good the champion is by now.
        calibration: What another calibration would be.
        new_labels: Rows with a known label that are newer than those rows.
        newest_label: Newest observation date with known labels.
        since: Observation date from which on customers leave as they do now, by the
            labels; None where these say that the champion never fell.
        churners_since: Rows known to have churned since then; None likewise.
        costs_changed: Names of what is another now in `params:decision`.
        requests: Requests that no model was made after.
        reason: Why somebody wants a model made anew, by hand; empty: nobody does.
    """

    champion: str
    made: dt.datetime
    newest: dt.datetime
    rows: int
    first: dt.date
    labels_until: dt.date
    verdict: DriftVerdict | None = None
    standing: Standing | None = None
    calibration: Trial | None = None
    new_labels: int | None = None
    trained: dt.datetime | None = None
    newest_label: dt.date | None = None
    since: dt.date | None = None
    churners_since: int | None = None
    costs_changed: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()
    reason: str = ""

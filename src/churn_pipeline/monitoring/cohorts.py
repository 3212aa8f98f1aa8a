"""Cohorts: customers by month of observation, judged once all labels have matured."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.slices import Sizes
from churn_pipeline.monitoring.cells import Cells
from churn_pipeline.monitoring.estimate import UNSEEN, Measured, estimate
from churn_pipeline.monitoring.params import PerformanceReporting
from churn_pipeline.monitoring.performance import (
    find_worse,
    is_confirmed,
    missed,
    realised,
)
from churn_pipeline.monitoring.performance_report import (
    Cohort,
    PerformanceReport,
    Segment,
    Source,
    of_one_source,
)
from churn_pipeline.monitoring.wander import Wander


@dataclass(frozen=True)
class Month:
    """The customers of a month, each once.

    Attributes:
        month: Its first day.
        date: Its newest observation date, or day of the log.
        cells: The customers; of those whose label has not matured, it is not known.
        matured: Whether all labels are settled.
        source: Where they come from.
    """

    month: dt.date
    date: dt.date
    cells: Cells
    matured: bool
    source: Source = "features"


@dataclass(frozen=True)
class Judge:
    """What months are judged by.

    Attributes:
        model_version: Version of the champion.
        labels_until: Last day that the labels it has learnt from look at.
        decision: Its costs and values.
        wander: What is known of its calibration.
        reference: Its metrics on the test split.
        rule: Parameters.
        seed: Of all draws.
    """

    model_version: str
    labels_until: dt.date
    decision: Decision
    wander: Wander
    reference: dict[str, Measured]
    rule: PerformanceReporting
    seed: int

    def cohort(self, month: Month) -> Cohort:
        """Return what is known of a month."""
        known = month.cells.known
        of_labels = self._realised(known) if month.matured else {}
        estimated = self._estimated(month.cells, self.rule.draws)
        labelled = known.n if month.matured else 0
        return Cohort(
            month=month.month,
            date=month.date,
            source=month.source,
            rows=month.cells.n,
            labelled=labelled,
            churners=known.churners if month.matured else 0,
            matured=month.matured,
            overlapping=month.month <= self.labels_until,
            estimated=estimated,
            realised=of_labels,
            missed=missed(estimated, of_labels),
            worse=find_worse(estimated, of_labels, self.reference, self.rule.limits),
        )

    def segment(self, name: str, level: str, cells: Cells, *, matured: bool) -> Segment:
        """Return what is known of a group of a month's customers."""
        known = cells.known if matured else cells.where(cells.rows < 0)
        of_labels = self._realised(known)
        estimated = self._estimated(cells, self.rule.segment_draws)
        return Segment(
            segment=name,
            level=level,
            rows=cells.n,
            small=self._small(known) if matured else cells.n < self.rule.min_rows,
            estimated=estimated,
            realised=of_labels,
            missed=missed(estimated, of_labels),
        )

    def report(
        self, months: Sequence[Month], segments: Sequence[Segment], newest: dt.date
    ) -> PerformanceReport:
        """Return the verdict over all months.

        The months of the features are judged; where there are none, those of the log.

        Args:
            months: All that is newer than what the champion learnt from.
            segments: Of the month that `segmented` returns.
            newest: The newest observation date that there is.
        """
        cohorts = tuple(self.cohort(month) for month in ordered(months))
        judged = of_one_source(cohorts)
        measured = [cohort for cohort in judged if cohort.realised]
        last = measured[-1] if measured else None
        ahead = judged[-1] if judged else None
        date = ahead.date if ahead else newest
        return PerformanceReport(
            date=date,
            window=(judged[0].month if judged else date, date),
            model_version=self.model_version,
            rows=sum(cohort.rows for cohort in judged),
            matured=sum(cohort.labelled for cohort in judged),
            estimated=ahead.estimated if ahead else {},
            realised=last.realised if last else None,
            realised_month=last.month if last else None,
            reference=self.reference,
            cohorts=cohorts,
            by_segment=tuple(segments),
            degraded=last is not None and last.degraded,
            confirmed=is_confirmed(
                judged, self.rule.windows, at_once=self.rule.limits.at_once
            ),
            expected=ahead is not None and any(not w.seen for w in ahead.worse),
            reasons=_reasons(last, ahead),
            unseen=UNSEEN,
            coverage=self.rule.coverage,
            dates=self.wander.dates,
        )

    def _estimated(self, cells: Cells, draws: int) -> dict[str, Measured]:
        return estimate(
            cells,
            self.wander,
            self.decision,
            draws=draws,
            coverage=self.rule.coverage,
            seed=self.seed,
        )

    def _realised(self, known: Cells) -> dict[str, Measured]:
        if self._small(known):
            return {}
        return realised(
            known,
            self.decision,
            draws=self.rule.draws,
            coverage=self.rule.coverage,
            seed=self.seed,
        )

    def _small(self, known: Cells) -> bool:
        sizes = Sizes(self.rule.min_rows, self.rule.min_churners)
        fewest = min(known.churners, known.n - known.churners)
        return known.n < sizes.rows or fewest < sizes.churners


def ordered(months: Sequence[Month]) -> list[Month]:
    """Return the months, those of one source together, the oldest first."""
    return sorted(months, key=lambda month: (month.source, month.month))


def segmented(months: Sequence[Month]) -> Month | None:
    """Return the month whose segments are told: the newest mature, else the newest."""
    of_features = [m for m in ordered(months) if m.source == "features"]
    mature = [month for month in of_features if month.matured]
    found = mature or of_features
    return found[-1] if found else None


def _reasons(last: Cohort | None, ahead: Cohort | None) -> tuple[str, ...]:
    """Return what is worse, by the labels first, as sentences."""
    found = [] if last is None else [w for w in last.worse if w.seen]
    told = [f"{last.month:%Y-%m}: {worse.in_words}" for worse in found if last]
    expected = [] if ahead is None else [w for w in ahead.worse if not w.seen]
    told += [f"{ahead.month:%Y-%m}: {worse.in_words}" for worse in expected if ahead]
    if last is not None and last.degraded and last.missed:
        told.append(
            f"{last.month:%Y-%m}: the estimate's interval did not hold "
            f"{', '.join(last.missed)}. Customers of the same features left otherwise "
            "than before (concept change)."
        )
    return tuple(told)

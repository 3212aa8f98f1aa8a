"""Who is observed, and when: the dates between the lookback and the newest data."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from churn_pipeline.dataset import ColumnLabel, Dataset
from churn_pipeline.features.params import FeatureEngineering

if TYPE_CHECKING:
    import ibis


@dataclass(frozen=True)
class Calendar:
    """The observation dates of an event data set and what they are counted from.

    A day belongs to the past of its own observation date: features know everything
    up to the end of that day, the lead time and the horizon begin with the next.

    Attributes:
        dates: Observation dates, growing; the last is the newest day of the data.
        as_of: Labels come from horizons that were settled by this day.
        lead_days: Lead time, in days.
        horizon_days: Horizon, in days.
        grace_days: Days in which a contract may still be renewed after its end; 0
            where no contract decides the label.
    """

    dates: tuple[dt.date, ...]
    as_of: dt.date
    lead_days: int
    horizon_days: int
    grace_days: int = 0

    @property
    def until_days(self) -> int:
        """Days from an observation date to the end of its horizon."""
        return self.lead_days + self.horizon_days

    @property
    def reach_days(self) -> int:
        """Days from an observation date until no renewal changes its labels."""
        return self.until_days + self.grace_days

    def is_mature(self, date: dt.date) -> bool:
        """Whether the labels of an observation date are settled."""
        return date + dt.timedelta(days=self.reach_days) <= self.as_of


def calendar(
    transactions: ibis.Table, dataset: Dataset, parameters: FeatureEngineering
) -> Calendar:
    """Return the observation dates of a data set of events.

    Args:
        transactions: Typed events.
        dataset: Label rule with lead time and horizon.
        parameters: Spacing of the dates, lookback, as-of day and grace of a renewal.

    Returns:
        The calendar; its newest date is the newest day of the data.

    Raises:
        ValueError: There is no event, or the history is too short for one date.
    """
    label = dataset.label
    if isinstance(label, ColumnLabel):
        raise ValueError("expected a label rule of events, got the rule column")
    first, last = _span(transactions)
    as_of = min(parameters.as_of or last, last)
    by_contract = label.rule == "contract_end" and dataset.tables.contracts is not None
    grace = parameters.renewal_grace_days if by_contract else 0
    reach = label.lead_time_days + label.horizon_days + grace
    begin = first + dt.timedelta(
        days=_lookback(parameters, reach, (as_of - first).days)
    )
    newest_mature = as_of - dt.timedelta(days=reach)
    if parameters.observe == "month":
        grid = _first_days(begin, last)
    else:
        grid = _every(parameters.observe, newest_mature, begin, last)
    dates = tuple(sorted({*grid, last}))
    if not any(date <= newest_mature for date in dates):
        raise ValueError(
            f"expected a history long enough to observe and to label, got events from "
            f"{first} to {as_of}, of which the lookback takes {(begin - first).days} "
            f"days and lead time, horizon and grace of a renewal {reach}; lower "
            "`feature_engineering.lookback_days` or the label's `horizon_days`"
        )
    return Calendar(dates, as_of, label.lead_time_days, label.horizon_days, grace)


def population(
    observed: ibis.Table, dataset: Dataset, parameters: FeatureEngineering
) -> ibis.Table:
    """Return the rows of those who are customers, as far as is known at their date.

    Under a running contract, or active of late: within `active_within_days`, and
    after the end of the last contract. Who let a contract end and has done nothing
    since is lost already: there is nobody left to call.

    Args:
        observed: With `observed_day`, `last_day` (of activity) and, where the data
            set has contracts, `has_contract` and `last_ended_day`; all int32.
        dataset: Whether there are contracts.
        parameters: What of late means.

    Returns:
        The rows in the population.
    """
    within = parameters.active_within_days
    last_day = observed.last_day
    active = (
        last_day.notnull()
        if within is None
        else last_day > observed.observed_day - within
    )
    if dataset.tables.contracts is None:
        return observed.filter(active)
    came_back = (last_day > observed.last_ended_day).fill_null(True)
    return observed.filter((observed.has_contract == 1) | (active & came_back))


def _span(transactions: ibis.Table) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of the events."""
    day = transactions.event_time.cast("date")
    span = transactions.aggregate(first=day.min(), last=day.max()).to_pyarrow()
    row = span.to_pylist()[0]
    if row["first"] is None:
        raise ValueError(
            "expected at least one accepted event, got none; see rejected_rows and "
            "the data quality report"
        )
    return row["first"], row["last"]


def _lookback(parameters: FeatureEngineering, reach: int, history: int) -> int:
    """Return the days before the first date; less than stated only by default.

    By default half of what two horizons leave (one to label the training dates, one
    for the test's) is kept for dates to train on.
    """
    if parameters.lookback_days is not None:
        return parameters.lookback_days
    return max(1, min(parameters.longest_days, (history - 2 * reach) // 2))


def _first_days(begin: dt.date, last: dt.date) -> list[dt.date]:
    """Return the first day of each month from `begin` to `last`."""
    months = range(begin.year * 12 + begin.month - 1, last.year * 12 + last.month)
    days = (dt.date(month // 12, month % 12 + 1, 1) for month in months)
    return [day for day in days if begin <= day <= last]


def _every(step: int, anchor: dt.date, begin: dt.date, last: dt.date) -> list[dt.date]:
    """Return each `step`-th day before and after `anchor`, from `begin` to `last`."""
    steps = range((begin - anchor).days // step, (last - anchor).days // step + 1)
    days = (anchor + dt.timedelta(days=step * count) for count in steps)
    return [day for day in days if begin <= day <= last]

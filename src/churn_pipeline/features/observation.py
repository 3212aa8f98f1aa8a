"""Who is observed, and when: the dates between the lookback and the newest data."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
from ibis import _

from churn_pipeline.dataset import ColumnLabel, Dataset
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.features.timeline import days_since_epoch

if TYPE_CHECKING:
    from churn_pipeline.features.build import Tables

LAG_SHARE = 0.999
"""Share of the rows, 0 to 1, that are known within the lag found in the data."""


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
        known_lag_days: Days until what happened is known to the company.
        history_days: Days of data up to the first observation date, itself included;
            None: not known.
    """

    dates: tuple[dt.date, ...]
    as_of: dt.date
    lead_days: int
    horizon_days: int
    grace_days: int = 0
    known_lag_days: int = 0
    history_days: int | None = None

    @property
    def until_days(self) -> int:
        """Days from an observation date to the end of its horizon."""
        return self.lead_days + self.horizon_days

    @property
    def reach_days(self) -> int:
        """Days from an observation date to the last one that its labels look at."""
        return self.until_days + self.grace_days

    @property
    def settled_days(self) -> int:
        """Days from an observation date until its labels are complete and known."""
        return self.reach_days + self.known_lag_days

    def is_mature(self, date: dt.date) -> bool:
        """Whether the labels of an observation date are settled."""
        return date + dt.timedelta(days=self.settled_days) <= self.as_of


def calendar(
    tables: Tables, dataset: Dataset, parameters: FeatureEngineering
) -> Calendar:
    """Return the observation dates of a data set of events.

    Args:
        tables: Typed tables; of contracts, those that decide the label.
        dataset: Label rule with lead time and horizon.
        parameters: Spacing of the dates, lookback, as-of day, grace of a renewal and
            lag until what happened is known.

    Returns:
        The calendar; its newest date is the newest day of the data.

    Raises:
        ValueError: There is no event, or the history is too short for one date.
    """
    label = dataset.label
    if isinstance(label, ColumnLabel):
        raise ValueError("expected a label rule of events, got the rule column")
    first, last = span(tables.transactions)
    as_of = min(parameters.as_of or last, last)
    by_contract = label.rule == "contract_end" and dataset.tables.contracts is not None
    grace = parameters.renewal_grace_days if by_contract else 0
    lag = parameters.known_lag_days
    if lag is None:
        lag = known_lag(tables, as_of, by_contract=by_contract)
    reach = parameters.reach_days(dataset)
    history = (as_of - first).days - lag
    begin = first + dt.timedelta(days=_lookback(parameters, reach, history))
    newest_mature = as_of - dt.timedelta(days=reach + lag)
    dates = _grid(parameters, newest_mature, begin, last)
    if not any(date <= newest_mature for date in dates):
        raise ValueError(
            f"expected a history long enough to observe and to label, got events from "
            f"{first} to {as_of}, of which the lookback takes {(begin - first).days} "
            "days, lead time, horizon and grace of a renewal "
            f"{reach}, and {lag} the lag until rows are known; lower "
            "`feature_engineering.lookback_days` or the label's `horizon_days`, or "
            "state `feature_engineering.known_lag_days`"
        )
    return Calendar(
        dates,
        as_of,
        label.lead_time_days,
        label.horizon_days,
        grace,
        known_lag_days=lag,
        history_days=(dates[0] - first).days + 1,
    )


def _grid(
    parameters: FeatureEngineering,
    newest_mature: dt.date,
    begin: dt.date,
    last: dt.date,
) -> tuple[dt.date, ...]:
    """Return the dates from `begin` on, growing, the last day of the data with them."""
    if parameters.observe == "month":
        found = _first_days(begin, last)
    else:
        found = _every(parameters.observe, newest_mature, begin, last)
    return tuple(sorted({*found, last}))


def known_lag(tables: Tables, as_of: dt.date, *, by_contract: bool) -> int:
    """Return the days within which nearly all rows were known to the company.

    Args:
        tables: Typed tables.
        as_of: Rows known later do not count.
        by_contract: Whether contracts decide the label, too.

    Returns:
        The smallest number of days after which 99.9 % of the events were known, and
        of the contract terms: a row that took years, once, does not rule.
    """
    events, terms = tables.transactions, tables.contracts
    lags = [_lag(events, events.event_time, as_of)]
    if by_contract:
        lags.append(_lag(terms, terms.start_date, as_of))
    return max(lags)


def _lag(table: ibis.Table, happened: ibis.Value, as_of: dt.date) -> int:
    """Return the days within which `LAG_SHARE` of a table's rows were known."""
    import numpy as np

    if "known_at" not in table.columns:
        return 0
    days = days_since_epoch(table.known_at) - days_since_epoch(happened)
    known = table.filter(table.known_at.cast("date") <= ibis.date(as_of))
    lags = known.select(lag=ibis.greatest(days, 0))
    counts = lags.group_by("lag").aggregate(rows=_.count()).order_by("lag")
    found = counts.to_pyarrow()
    if found.num_rows == 0:
        return 0
    share = np.cumsum(found["rows"].to_numpy()) / np.sum(found["rows"].to_numpy())
    return int(found["lag"][int(np.searchsorted(share, LAG_SHARE))].as_py())


def short_windows(calendar: Calendar, parameters: FeatureEngineering) -> str | None:
    """Return a warning where windows reach back before the data; None: none do.

    A window of 180 days holds 90 at a date that has 90 days of history: there the
    model learns of sums that mean something else at later dates.
    """
    history = calendar.history_days
    if history is None or parameters.longest_days <= history:
        return None
    short = [days for days in parameters.windows_days if days > history]
    return (
        f"windows of {', '.join(map(str, short))} days reach back further than the "
        f"{history} days of data before the first observation date, and count less "
        f"there; `lookback_days: {parameters.longest_days}` leaves such dates out"
    )


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


def span(transactions: ibis.Table) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of the events.

    Raises:
        ValueError: There is no event.
    """
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

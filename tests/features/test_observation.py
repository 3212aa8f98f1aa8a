"""Observation dates: months, steps, what is mature, what is too short."""

from __future__ import annotations

import datetime as dt

import ibis
import pandas as pd
import pytest

from churn_pipeline.dataset import Dataset
from churn_pipeline.features.build import Tables
from churn_pipeline.features.observation import Calendar, calendar, short_windows
from churn_pipeline.features.params import FeatureEngineering
from tests.features.tables import COMPANY, PARAMETERS, as_tables, events, terms


def _calendar(first: str, last: str, horizon: int, **values: object) -> Calendar:
    dataset = Dataset.model_validate(
        {
            "name": "tiny",
            "shape": "events",
            "tables": {"transactions": {"customer_id": "id", "time": "t"}},
            "label": {"rule": "inactivity", "horizon_days": horizon},
        }
    )
    span = pd.DataFrame({"event_time": pd.to_datetime([first, last])})
    parameters = FeatureEngineering.model_validate(values)
    return calendar(_tables(span), dataset, parameters)


def _tables(transactions: pd.DataFrame) -> Tables:
    """Tables of which only the events are read, all known at once."""
    table = ibis.memtable(transactions)
    return Tables(customers=table, transactions=table, contracts=table)


def test_months_begin_after_the_lookback_and_end_with_the_data() -> None:
    made = _calendar("2024-01-15", "2024-06-20", 30, observe="month", lookback_days=60)
    assert made.dates == (
        dt.date(2024, 4, 1),
        dt.date(2024, 5, 1),
        dt.date(2024, 6, 1),
        dt.date(2024, 6, 20),
    )
    assert [made.is_mature(date) for date in made.dates] == [True, True, False, False]


def test_steps_are_counted_from_the_newest_date_whose_horizon_has_passed() -> None:
    made = _calendar("2010-12-01 08:26", "2011-12-09 12:50", 90)
    assert dt.date(2011, 9, 10) in made.dates
    assert made.dates[0] == dt.date(2011, 3, 14)
    assert made.dates[-1] == made.as_of == dt.date(2011, 12, 9)
    gaps = {(b - a).days for a, b in zip(made.dates, made.dates[1:], strict=False)}
    assert gaps == {30}


def test_as_of_keeps_later_dates_and_leaves_them_unlabelled() -> None:
    made = _calendar(
        "2024-01-01", "2025-12-31", 60, observe="month", as_of=dt.date(2025, 7, 1)
    )
    mature = [date for date in made.dates if made.is_mature(date)]
    assert mature[-1] == dt.date(2025, 5, 1)
    assert made.dates[-1] == dt.date(2025, 12, 31)


def _company_calendar(
    rows: list[tuple[object, ...]],
    contracts: list[tuple[object, ...]],
    parameters: FeatureEngineering,
) -> Calendar:
    frames = {"transactions": events(rows), "contracts": terms(contracts)}
    tables = as_tables(frames | {"customers": pd.DataFrame({"customer_id": ["a"]})})
    return calendar(tables, COMPANY, parameters)


def test_a_date_is_mature_when_no_renewal_changes_its_contracts() -> None:
    parameters = PARAMETERS.model_copy(update={"lookback_days": 30})
    rows = [("a", "2024-01-01", 1), ("a", "2024-05-12", 1)]
    made = _company_calendar(rows, [("a", "2024-01-01", "2025-01-01")], parameters)
    # Lead time 5, horizon 30 and grace 7 days before 12 May.
    assert dt.date(2024, 3, 31) in made.dates
    assert made.is_mature(dt.date(2024, 3, 31))
    assert not made.is_mature(dt.date(2024, 4, 1))
    assert (made.until_days, made.reach_days) == (35, 42)


# One of a thousand events took half a year: it does not rule.
ON_TIME = [("a", "2024-01-01", 1)] * 1979 + [("a", "2024-01-01", 1, "2024-06-29")]
LATE = [("a", "2024-02-01", 1, "2024-02-10 08:00")] * 20
NEWEST = ("a", "2024-06-30", 1)


def test_a_date_is_mature_when_its_horizon_is_known_too() -> None:
    parameters = PARAMETERS.model_copy(update={"lookback_days": 30})
    rows = [*ON_TIME, *LATE, NEWEST]
    made = _company_calendar(rows, [("a", "2024-01-01", "2025-01-01")], parameters)
    # Lead time 5, horizon 30, grace 7 and 9 days until rows are known.
    assert (made.known_lag_days, made.reach_days, made.settled_days) == (9, 42, 51)
    assert dt.date(2024, 5, 10) in made.dates
    assert made.is_mature(dt.date(2024, 5, 10))
    assert not made.is_mature(dt.date(2024, 5, 11))
    stated = parameters.model_copy(update={"known_lag_days": 0})
    assert _company_calendar(rows, [], stated).is_mature(dt.date(2024, 5, 11))


def test_the_lag_is_that_of_contracts_where_it_is_longer() -> None:
    parameters = PARAMETERS.model_copy(update={"lookback_days": 30})
    contracts = [("a", "2024-01-01", "2025-01-01", None, "2024-01-21")]
    made = _company_calendar([*ON_TIME, *LATE, NEWEST], contracts, parameters)
    assert made.known_lag_days == 20


def test_rows_known_after_the_as_of_day_say_nothing_of_the_lag() -> None:
    parameters = PARAMETERS.model_copy(
        update={"lookback_days": 30, "as_of": dt.date(2024, 6, 30)}
    )
    later = [("a", "2024-06-29", 1, "2024-07-19")] * 50
    made = _company_calendar([*ON_TIME, *LATE, *later, NEWEST], [], parameters)
    assert made.known_lag_days == 9


def test_windows_longer_than_the_history_of_the_first_date_are_told() -> None:
    made = _calendar("2024-01-01", "2024-12-31", 30, lookback_days=90)
    short = FeatureEngineering(windows_days=(7, 30, 90, 180))
    assert made.history_days is not None and 90 < made.history_days < 180
    assert "windows of 180 days reach" in str(short_windows(made, short))
    assert short_windows(made, FeatureEngineering(windows_days=(7, 90))) is None


def test_a_history_too_short_for_one_horizon_is_refused() -> None:
    with pytest.raises(ValueError, match="got events from 2024-01-01 to 2024-02-01"):
        _calendar("2024-01-01", "2024-02-01", 60)


def test_no_events_are_refused() -> None:
    empty = pd.DataFrame({"event_time": pd.to_datetime([])})
    dataset = Dataset.model_validate(
        {
            "name": "tiny",
            "shape": "events",
            "tables": {"transactions": {"customer_id": "id", "time": "t"}},
            "label": {"rule": "inactivity", "horizon_days": 30},
        }
    )
    with pytest.raises(ValueError, match="at least one accepted event, got none"):
        calendar(_tables(empty), dataset, FeatureEngineering())

"""Observation dates: months, steps, what is mature, what is too short."""

from __future__ import annotations

import datetime as dt

import ibis
import pandas as pd
import pytest

from churn_pipeline.dataset import Dataset
from churn_pipeline.features.observation import Calendar, calendar
from churn_pipeline.features.params import FeatureEngineering
from tests.features.tables import COMPANY, PARAMETERS


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
    return calendar(ibis.memtable(span), dataset, parameters)


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


def test_a_date_is_mature_when_no_renewal_changes_its_contracts() -> None:
    span = pd.DataFrame({"event_time": pd.to_datetime(["2024-01-01", "2024-05-12"])})
    parameters = PARAMETERS.model_copy(update={"lookback_days": 30})
    made = calendar(ibis.memtable(span), COMPANY, parameters)
    # Lead time 5, horizon 30 and grace 7 days before 12 May.
    assert dt.date(2024, 3, 31) in made.dates
    assert made.is_mature(dt.date(2024, 3, 31))
    assert not made.is_mature(dt.date(2024, 4, 1))
    assert (made.until_days, made.reach_days) == (35, 42)


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
        calendar(ibis.memtable(empty), dataset, FeatureEngineering())

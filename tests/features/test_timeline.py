"""Cells: no window divides one, every day lies in one."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from churn_pipeline.features.timeline import (
    Timeline,
    day_number,
    horizon_timeline,
    lookback_timeline,
)

DATES = [dt.date(2024, 4, 1), dt.date(2024, 5, 1)]


def _by_day_number(timeline: Timeline) -> pd.DataFrame:
    days = timeline.days().to_pandas()
    epoch = pd.Timestamp("1970-01-01")
    return days.set_index((pd.to_datetime(days["day"]) - epoch).dt.days)


def test_a_window_is_the_sum_of_its_cells() -> None:
    timeline = lookback_timeline(DATES, [7, 30, 90])
    days = _by_day_number(timeline)["cell"]
    assert days.index.is_unique
    cells = timeline.history().to_pandas()
    for index, date in enumerate(DATES):
        for length in (7, 30, 90):
            inside = cells[(cells["observed"] == index) & (cells[f"in_{length}"] == 1)]
            held = days[days.isin(inside["cell"])].index
            last = day_number(date)
            assert sorted(held) == list(range(last - length + 1, last + 1))


def test_the_history_of_a_date_is_every_cell_that_is_over_by_then() -> None:
    timeline = lookback_timeline(DATES, [7, 30, 90])
    days = _by_day_number(timeline)["cell"]
    history = timeline.history().to_pandas()
    for index, date in enumerate(DATES):
        past = history.loc[history["observed"] == index, "cell"]
        assert past.is_unique
        assert sorted(days[days.isin(past)].index) == [
            day for day in days.index if day <= day_number(date)
        ]


def test_a_day_is_first_seen_on_the_first_date_not_before_it() -> None:
    days = _by_day_number(lookback_timeline(DATES, [90]))["seen"]
    assert days[day_number(DATES[0])] == 0
    assert days[day_number(DATES[0]) + 1] == 1
    assert days.index.max() == day_number(DATES[1])


def test_a_horizon_begins_after_the_lead_time() -> None:
    timeline = horizon_timeline(DATES[:1], 5, 30)
    days = _by_day_number(timeline)["cell"]
    cell = timeline.cells().to_pandas()["cell"].item()
    held = sorted(days[days == cell].index)
    first = day_number(dt.date(2024, 4, 7))
    assert held == list(range(first, first + 30))

"""Splits: nobody on two sides, no training label that reaches the next part."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.features.observation import Calendar
from churn_pipeline.features.params import Split
from churn_pipeline.features.split import date_parts, split_events, split_snapshot

ORDER = ["train", "validation", "calibration", "test"]


def _months(count: int, as_of: dt.date) -> Calendar:
    dates = tuple(
        dt.date(2024 + month // 12, month % 12 + 1, 1) for month in range(count)
    )
    return Calendar(dates, as_of, lead_days=10, horizon_days=50)


def _rows(calendar: Calendar, size: int = 200) -> pd.DataFrame:
    rows = pd.DataFrame(
        [(f"c{n}", date) for date in calendar.dates for n in range(size)],
        columns=["customer_id", "observation_date"],
    )
    mature = [calendar.is_mature(date) for date in rows["observation_date"]]
    label = np.random.default_rng(0).integers(0, 2, len(rows)).astype(float)
    return rows.assign(label=np.where(mature, label, np.nan))


def test_no_label_of_a_part_reaches_past_the_next_parts_first_date() -> None:
    calendar = _months(18, dt.date(2025, 7, 1))
    rows = _rows(calendar)
    rows["split"] = split_events(rows, calendar, split=Split(by="time"), seed=1)
    reach = dt.timedelta(days=60)
    for earlier, later in itertools.pairwise(ORDER):
        last = rows.loc[rows["split"] == earlier, "observation_date"].max()
        first = rows.loc[rows["split"] == later, "observation_date"].min()
        assert last + reach <= first, earlier
    train = rows[rows["split"] == "train"]
    test = rows[rows["split"] == "test"]
    assert (train["observation_date"] + reach).max() <= test["observation_date"].min()
    assert set(test["observation_date"]) == {dt.date(2025, 5, 1)}
    assert set(rows["split"]) == {*ORDER, "gap", "not_mature"}
    assert rows.loc[rows["split"] == "not_mature", "label"].isna().all()
    assert rows.loc[rows["split"].isin(ORDER), "label"].notna().all()


def test_no_customer_date_is_on_two_sides() -> None:
    calendar = _months(18, dt.date(2025, 7, 1))
    rows = _rows(calendar)
    for by in ("time", "customers"):
        part = split_events(rows, calendar, split=Split(by=by), seed=1)
        sides = rows.assign(split=part).groupby(["customer_id", "observation_date"])
        assert (sides["split"].nunique() == 1).all()


def test_by_customers_nobody_both_trains_and_tunes_and_the_gap_is_kept() -> None:
    calendar = _months(9, dt.date(2024, 9, 30))
    rows = _rows(calendar)
    rows["split"] = split_events(rows, calendar, split=Split(by="auto"), seed=1)
    held = rows[rows["split"].isin(ORDER[:3])]
    assert (held.groupby("customer_id")["split"].nunique() == 1).all()
    assert set(held["split"]) == set(ORDER[:3])
    assert held["split"].eq("validation").mean() == pytest.approx(0.15, abs=0.06)
    test = rows.loc[rows["split"] == "test", "observation_date"].min()
    assert held["observation_date"].max() + dt.timedelta(days=60) <= test


def test_auto_splits_by_time_where_enough_dates_are_left() -> None:
    calendar = _months(18, dt.date(2025, 7, 1))
    assert "validation" in date_parts(calendar, Split()).values()
    many = Split(min_train_dates=12)
    assert "validation" not in date_parts(calendar, many).values()


def test_lost_in_the_lead_time_is_neither_trained_on_nor_immature() -> None:
    calendar = _months(18, dt.date(2025, 7, 1))
    rows = _rows(calendar, size=1)
    rows.loc[0, "label"] = np.nan
    assert split_events(rows, calendar, split=Split(), seed=1)[0] == "gap"


def test_too_few_dates_to_train_on_are_refused() -> None:
    calendar = _months(2, dt.date(2024, 4, 30))
    no_help = r"expected observation dates to train on.*`horizon_days`$"
    with pytest.raises(ValueError, match=no_help):
        date_parts(calendar, Split())


def test_a_split_by_customers_is_named_where_it_would_do() -> None:
    calendar = _months(6, dt.date(2024, 6, 30))
    with pytest.raises(ValueError, match=r"or set `split\.by` to customers"):
        date_parts(calendar, Split(by="time"))
    assert "train" in date_parts(calendar, Split(by="customers")).values()


def _snapshot() -> tuple[pd.Series, np.ndarray]:
    rng = np.random.default_rng(0)
    customer = pd.Series([f"c{n}" for n in rng.integers(0, 900, 1000)])
    return customer, (rng.random(1000) < 0.2).astype(float)


def test_a_snapshot_is_grouped_by_customer_and_stratified_by_label() -> None:
    customer, label = _snapshot()
    part = split_snapshot(customer, label, split=Split(), seed=1)
    rows = pd.DataFrame({"customer": customer, "label": label, "split": part})
    assert (rows.groupby("customer")["split"].nunique() == 1).all()
    share = rows["split"].value_counts(normalize=True)
    assert share["test"] == pytest.approx(0.2, abs=0.03)
    assert share["train"] == pytest.approx(0.5, abs=0.03)
    rate = rows.groupby("split")["label"].mean()
    assert np.ptp(rate.to_numpy()) < 0.05


@pytest.mark.parametrize("churners", range(4, 12))
def test_every_part_has_both_classes_however_few_churn(churners: int) -> None:
    customer = pd.Series([f"c{n}" for n in range(100)])
    label = (np.arange(100) < churners).astype(float)
    for seed in range(3):
        part = split_snapshot(customer, label, split=Split(), seed=seed)
        assert set(part[label == 1]) == set(part[label == 0]) == set(ORDER)


def test_fewer_of_a_class_than_parts_are_refused_with_their_counts() -> None:
    customer = pd.Series([f"c{n}" for n in range(10)])
    label = (np.arange(10) < 3).astype(float)
    message = "got 3 who churned and 7 who stayed; bring more rows"
    with pytest.raises(ValueError, match=message):
        split_snapshot(customer, label, split=Split(), seed=1)


def test_a_split_depends_on_the_id_and_the_seed_alone() -> None:
    customer, label = _snapshot()
    part = split_snapshot(customer, label, split=Split(), seed=1)
    mixed = np.random.default_rng(1).permutation(len(customer))
    again = split_snapshot(customer[mixed], label[mixed], split=Split(), seed=1)
    assert (again == part[mixed]).all()
    assert (split_snapshot(customer, label, split=Split(), seed=2) != part).any()

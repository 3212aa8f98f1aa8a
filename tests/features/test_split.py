"""Splits: nobody on two sides, no training label that reaches the next part."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.features.folds import assign_folds
from churn_pipeline.features.observation import Calendar
from churn_pipeline.features.params import Split
from churn_pipeline.features.split import date_parts, split_events, split_snapshot


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


def test_no_training_label_reaches_past_the_test_date() -> None:
    calendar = _months(18, dt.date(2025, 7, 1))
    rows = _rows(calendar)
    parts = split_events(rows, calendar, split=Split(), seed=1)
    rows["split"] = parts.split
    reach = dt.timedelta(days=60)
    train = rows[rows["split"] == "train"]
    test = rows[rows["split"] == "test"]
    last = train["observation_date"].max()
    assert last + reach <= test["observation_date"].min()
    assert last == dt.date(2025, 3, 1)
    assert set(test["observation_date"]) == {dt.date(2025, 5, 1)}
    assert set(rows.loc[rows["split"] == "gap", "observation_date"]) == {
        dt.date(2025, 4, 1)
    }
    assert rows.loc[rows["split"] == "not_mature", "label"].isna().all()
    assert rows.loc[rows["split"] != "not_mature", "label"].notna().all()


def test_no_customer_trains_in_two_folds_and_other_rows_have_none() -> None:
    calendar = _months(9, dt.date(2024, 9, 30))
    rows = _rows(calendar)
    rows["split"], rows["fold"] = split_events(rows, calendar, split=Split(), seed=1)
    train = rows[rows["split"] == "train"]
    assert (train.groupby("customer_id")["fold"].nunique() == 1).all()
    assert set(train["fold"]) == set(range(8))
    assert set(rows.loc[rows["split"] != "train", "fold"]) == {-1}


def test_by_customer_those_kept_apart_test_on_the_newest_dates_and_never_train() -> (
    None
):
    calendar = _months(18, dt.date(2025, 7, 1))
    rows = _rows(calendar)
    split = Split(by="customer", test=0.4, dates=3, since=dt.date(2025, 4, 1))
    rows["split"], _ = split_events(rows, calendar, split=split, seed=1)
    train, test = (rows[rows["split"] == part] for part in ("train", "test"))
    assert set(test["observation_date"]) == {dt.date(2025, 4, 1), dt.date(2025, 5, 1)}
    assert train["observation_date"].max() == dt.date(2025, 5, 1)
    assert not set(train["customer_id"]) & set(test["customer_id"])
    assert 60 < test["customer_id"].nunique() < 100  # of 200


def test_by_customer_the_newest_date_tests_whatever_comes_before() -> None:
    calendar = _months(18, dt.date(2025, 7, 1))
    rows = _rows(calendar)
    split = Split(by="customer", dates=3, since=dt.date(2026, 1, 1))
    rows["split"], _ = split_events(rows, calendar, split=split, seed=1)
    tested = rows.loc[rows["split"] == "test", "observation_date"]
    assert set(tested) == {dt.date(2025, 5, 1)}


def test_lost_in_the_lead_time_is_neither_trained_on_nor_immature() -> None:
    calendar = _months(18, dt.date(2025, 7, 1))
    rows = _rows(calendar, size=8)
    rows.loc[0, "label"] = np.nan
    parts = split_events(rows, calendar, split=Split(folds=2), seed=1)
    assert (parts.split[0], parts.fold[0]) == ("gap", -1)


def test_too_few_dates_to_train_on_are_refused() -> None:
    calendar = _months(2, dt.date(2024, 4, 30))
    message = "expected observation dates to train on, at least 60 days before .* got"
    with pytest.raises(ValueError, match=message):
        date_parts(calendar)


def _snapshot() -> tuple[pd.Series, np.ndarray]:
    rng = np.random.default_rng(0)
    customer = pd.Series([f"c{n}" for n in rng.integers(0, 900, 1000)])
    return customer, (rng.random(1000) < 0.2).astype(float)


def test_a_snapshot_is_grouped_by_customer_and_stratified_by_label() -> None:
    customer, label = _snapshot()
    split, fold = split_snapshot(customer, label, split=Split(), seed=1)
    rows = pd.DataFrame(
        {"customer": customer, "label": label, "split": split, "fold": fold}
    )
    sides = rows.groupby("customer")[["split", "fold"]].nunique()
    assert (sides == 1).all(axis=None)
    share = rows["split"].value_counts(normalize=True)
    assert share["test"] == pytest.approx(0.2, abs=0.03)
    assert share["train"] == pytest.approx(0.8, abs=0.03)
    rate = rows.groupby("split")["label"].mean()
    assert np.ptp(rate.to_numpy()) < 0.02
    trained = rows[rows["split"] == "train"].groupby("fold")
    assert set(trained.groups) == set(range(8))
    assert np.ptp(trained["label"].mean().to_numpy()) < 0.06


@pytest.mark.parametrize("churners", range(3, 12))
def test_test_and_every_fold_have_both_classes_however_few_churn(churners: int) -> None:
    customer = pd.Series([f"c{n}" for n in range(100)])
    label = (np.arange(100) < churners).astype(float)
    for seed in range(3):
        split, fold = split_snapshot(customer, label, split=Split(), seed=seed)
        assert set(split[label == 1]) == set(split[label == 0]) == {"train", "test"}
        trained = split == "train"
        folds = set(range(min(8, int(label[trained].sum()))))
        assert len(folds) >= 2
        assert set(fold[trained & (label == 1)]) == folds
        assert set(fold[trained & (label == 0)]) == folds


@pytest.mark.parametrize(
    ("rows", "wanted", "folds"),
    [(100, None, 8), (30_001, None, 5), (300_001, None, 3), (100, 11, 11)],
)
def test_the_number_of_folds_is_as_given_or_follows_from_the_rows(
    rows: int, wanted: int | None, folds: int
) -> None:
    label = np.arange(rows) % 2.0
    fold = assign_folds(pd.Series(range(rows)), label, folds=wanted, seed=1)
    assert set(fold) == set(range(folds))
    assert np.ptp(np.bincount(fold)) <= 1


def test_every_fold_has_both_labels_where_every_customer_churns_at_some_date() -> None:
    customer = pd.Series(np.arange(40) // 2)
    label = np.arange(40) % 2.0
    label[:8] = 1.0
    fold = assign_folds(customer, label, folds=16, seed=1)
    for value in (0.0, 1.0):
        assert set(fold[label == value]) == set(range(16))


def test_one_customer_who_churned_is_too_few_to_hold_out() -> None:
    customer, label = pd.Series(["a", "a", "b", "c"]), np.array([1.0, 0, 0, 0])
    with pytest.raises(ValueError, match=r"at least 2 customers .* got 1 and 3; bring"):
        assign_folds(customer, label, folds=None, seed=1)


def test_fewer_of_a_class_than_parts_are_refused_with_their_counts() -> None:
    customer = pd.Series([f"c{n}" for n in range(10)])
    label = (np.arange(10) < 2).astype(float)
    message = "got 2 who churned and 8 who stayed; bring more rows"
    with pytest.raises(ValueError, match=message):
        split_snapshot(customer, label, split=Split(), seed=1)


def test_a_split_depends_on_the_id_and_the_seed_alone() -> None:
    customer, label = _snapshot()
    split, fold = split_snapshot(customer, label, split=Split(), seed=1)
    mixed = np.random.default_rng(1).permutation(len(customer))
    again = split_snapshot(customer[mixed], label[mixed], split=Split(), seed=1)
    assert (again.split == split[mixed]).all()
    assert (again.fold == fold[mixed]).all()
    other = split_snapshot(customer, label, split=Split(), seed=2)
    assert (other.split != split).any()

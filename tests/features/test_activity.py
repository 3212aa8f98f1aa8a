"""Features of activity, against values by hand and against a plain reading."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.features.tables import (
    PARAMETERS,
    customers,
    events,
    features_of,
    random_company,
    terms,
    with_orders,
)

APRIL = pd.Timestamp("2024-04-01")
WITH_ORDERS = with_orders()


def _one_customer(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    return features_of(
        {
            "customers": customers(["a"]),
            "transactions": events(rows),
            "contracts": terms([("z", "2020-01-01", "2020-02-01")]),
        }
    ).loc[(slice(None), "a"), :]


def test_windows_end_with_the_whole_observation_date() -> None:
    rows = _one_customer(
        [
            ("a", "2024-03-25 23:59:59", 1),  # the day before the week
            ("a", "2024-03-26 00:00:00", 2),  # its first day
            ("a", "2024-04-01 23:59:59", 4),  # the observation date
            ("a", "2024-04-02 00:00:00", 8),  # unknown to it
        ]
    )
    april = rows.loc[APRIL].iloc[0]
    assert april["purchases_7d"] == 2
    assert april["amount_7d"] == 6
    assert april["purchases_30d"] == 3
    assert april["amount_30d"] == 7
    assert april["recency_days"] == 0
    assert april["tenure_days"] == 122  # since 2023-12-01


def test_gaps_and_deviations_by_hand() -> None:
    rows = _one_customer(
        [("a", "2024-02-01", 10), ("a", "2024-02-03", 20), ("a", "2024-03-04", 60)]
    )
    april = rows.loc[APRIL].iloc[0]
    assert april["frequency"] == 3
    assert april["monetary"] == 30
    assert april["gap_mean_days"] == 16  # gaps of 2 and 30 days
    assert april["recency_per_gap"] == 28 / 16
    assert april["amount_std_90d"] == pytest.approx(np.std([10, 20, 60]))
    assert april["purchase_trend_30d"] == pytest.approx((1 / 30) / (3 / 90))


def test_what_needs_two_purchases_is_missing_with_one() -> None:
    april = _one_customer([("a", "2024-03-01", 10)]).loc[APRIL].iloc[0]
    names = ["gap_mean_days", "recency_per_gap"]
    assert april[names].astype(float).isna().all()
    assert april["amount_std_90d"] == 0


def test_a_late_row_counts_from_the_first_date_that_knows_it() -> None:
    rows = _one_customer(
        [("a", "2024-03-01", 10), ("a", "2024-03-20", 90, "2024-04-20")]
    )
    assert rows["amount_90d"].tolist() == [10, 100, 90]
    assert rows["recency_days"].tolist() == [31, 42, 73]


def test_kinds_and_cancellations_are_no_purchases() -> None:
    rows = _one_customer(
        [
            ("a", "2024-03-01", 10),
            ("a", "2024-03-30", 0, None, "complaint"),
            ("a", "2024-03-31", -10, None, "purchase", True),
        ]
    )
    april = rows.loc[APRIL].iloc[0]
    assert april["recency_days"] == 31
    assert april["purchases_90d"] == 1
    assert april["amount_90d"] == 10
    assert april["complaint_7d"] == 1
    assert april["cancellations_90d"] == 1
    assert april["cancellation_share_90d"] == 0.5


def test_rows_of_one_order_are_one_purchase_even_when_some_are_late() -> None:
    frame = events(
        [
            ("a", "2024-03-05 10:00", 10),
            ("a", "2024-03-05 10:00", 5),
            ("a", "2024-03-05 10:00", 1, "2024-04-20"),
            ("a", "2024-03-06 10:00", 20),
        ]
    ).assign(order_id=["one", "one", "one", "two"])
    frames = {
        "customers": customers(["a"]),
        "transactions": frame,
        "contracts": terms([("z", "2020-01-01", "2020-02-01")]),
    }
    rows = features_of(frames, dataset=WITH_ORDERS)
    assert rows["frequency"].tolist() == [2, 2, 2]
    assert rows["monetary"].tolist() == [17.5, 18, 18]
    # Known at once or in parts, an order of 16 is one purchase of 16.
    assert rows["amount_std_90d"].tolist() == [2.5, 2, 2]


def test_every_window_equals_a_plain_reading_of_the_events() -> None:
    frames = random_company()
    rows = features_of(frames)
    assert len(rows) > 80
    for (date, customer), row in rows.iterrows():
        plain = _plain(frames["transactions"], customer, date)
        for name, value in plain.items():
            assert row[name] == pytest.approx(value, abs=1e-9, nan_ok=True), name


def _plain(transactions: pd.DataFrame, customer: str, date: pd.Timestamp) -> dict:
    """What a reader with a filter and a loop would count."""
    end = date + pd.Timedelta(days=1)
    known = transactions[
        (transactions["customer_id"] == customer)
        & (transactions["event_time"] < end)
        & (transactions["known_at"] < end)
    ]
    bought = known[(known["kind"] == "purchase") & ~known["is_cancelled"]]
    days = bought["event_time"].dt.normalize().sort_values()
    values = {
        "frequency": len(bought),
        "recency_days": (date - days.max()).days,
        "gap_mean_days": days.diff().dt.days.mean(),
        "monetary": bought["amount"].mean(),
    }
    for window in PARAMETERS.windows_days:
        begin = end - pd.Timedelta(days=window)
        inside = bought[bought["event_time"] >= begin]
        other = known[known["event_time"] >= begin]
        values[f"purchases_{window}d"] = len(inside)
        values[f"amount_{window}d"] = inside["amount"].sum()
        values[f"complaint_{window}d"] = (other["kind"] == "complaint").sum()
    return values

"""No feature knows what happened, or became known, after its observation date."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churn_pipeline.dataset import Dataset
from tests.features import tables
from tests.features.tables import (
    CALENDAR,
    DATES,
    features_of,
    random_company,
    with_orders,
)

SEEN_AT = pd.Timestamp(DATES[1])
COMPANY = random_company(size=15, seed=1)
BEFORE = features_of(COMPANY).loc[:SEEN_AT]


def _differing(rows: pd.DataFrame, expected: pd.DataFrame) -> list[str]:
    """Return the columns that are not the same to the bit, in the same rows."""
    if len(expected) == 0 or not rows.index.equals(expected.index):
        return ["rows"]  # equal to nothing would say nothing
    return [
        name
        for name in expected.columns
        if not _same_to_the_bit(rows[name], expected[name])
    ]


def _same_to_the_bit(left: pd.Series, right: pd.Series) -> bool:
    if left.dtype == right.dtype == np.float64:
        return left.to_numpy().tobytes() == right.to_numpy().tobytes()
    return left.equals(right)


def _unknown(transactions: pd.DataFrame) -> pd.Series:
    """Rows that happened, or became known, after the second observation date."""
    end = SEEN_AT + pd.Timedelta(days=1)
    return (transactions["event_time"] >= end) | (transactions["known_at"] >= end)


def test_the_random_company_has_late_rows_to_be_wrong_about() -> None:
    rows = COMPANY["transactions"]
    late = _unknown(rows) & (rows["event_time"] < SEEN_AT)
    assert late.sum() > 5


def test_features_ignore_everything_not_known_at_the_observation_date() -> None:
    transactions = COMPANY["transactions"]
    known_only = transactions[~_unknown(transactions)]
    # The newest date still needs an event so that no other table changes.
    rows = features_of(COMPANY | {"transactions": known_only})
    assert not _differing(rows.loc[:SEEN_AT], BEFORE)


@pytest.mark.parametrize("dataset", [tables.COMPANY, with_orders()])
def test_amounts_of_hundreds_of_millions_are_exact_in_any_order_of_rows(
    dataset: Dataset,
) -> None:
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2024-03-01") + pd.to_timedelta(np.arange(400) % 30, "D")
    amount = (5e8 + rng.integers(0, 10**9, 400) / 100).round(2)
    rows = tables.events([("a", day, paid) for day, paid in zip(days, amount)])
    rows = rows.assign(order_id=(np.arange(400) // 2).astype(str))
    frames = COMPANY | {"customers": tables.customers(["a"]), "transactions": rows}
    expected = features_of(frames, dataset=dataset)
    for seed in range(5):
        mixed = rows.sample(frac=1, random_state=seed)
        again = features_of(frames | {"transactions": mixed}, dataset=dataset)
        assert not _differing(again, expected)
    if dataset == tables.COMPANY:
        found = expected.loc[(pd.Timestamp("2024-04-01"), "a"), "amount_std_90d"]
        assert found == pytest.approx(amount.std(), rel=1e-6)


@pytest.mark.parametrize("dataset", [tables.COMPANY, with_orders()])
@pytest.mark.parametrize("index", range(len(DATES)))
def test_features_of_a_date_do_not_depend_on_the_other_dates(
    dataset: Dataset, index: int
) -> None:
    transactions = COMPANY["transactions"]
    # Parts of an order, some of them late, where orders are merged.
    orders = transactions["order_id"].astype(int) // 3
    same = {name: "first" for name in ("customer_id", "event_time", "kind")}
    firsts = transactions.groupby(orders)[list(same)].transform("first")
    known_at = transactions["known_at"].where(
        transactions["known_at"] >= firsts["event_time"], firsts["event_time"]
    )
    parts = transactions.assign(
        **firsts, known_at=known_at, order_id=orders.astype(str)
    )
    frames = COMPANY | {"transactions": parts}
    among_many = features_of(frames, dataset=dataset)
    alone = replace(CALENDAR, dates=(DATES[index],))
    rows = features_of(frames, calendar=alone, dataset=dataset)
    assert not _differing(rows, among_many.loc[[pd.Timestamp(DATES[index])]])


def test_a_contract_is_not_known_to_be_cancelled_before_it_is() -> None:
    contracts = COMPANY["contracts"]
    future = contracts["cancelled_at"] > SEEN_AT
    assert future.any()
    hidden = contracts.assign(cancelled_at=contracts["cancelled_at"].where(~future))
    rows = features_of(COMPANY | {"contracts": hidden})
    assert not _differing(rows.loc[:SEEN_AT], BEFORE)


def test_a_contract_term_known_later_is_not_seen() -> None:
    contracts = COMPANY["contracts"]
    known = contracts[contracts["known_at"] <= SEEN_AT]
    assert len(known) < len(contracts)
    rows = features_of(COMPANY | {"contracts": known})
    assert not _differing(rows.loc[:SEEN_AT], BEFORE)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32 - 1), added=st.integers(0, 60))
def test_features_survive_any_rewriting_of_the_future(seed: int, added: int) -> None:
    rng = np.random.default_rng(seed)
    transactions = COMPANY["transactions"]
    future = transactions[_unknown(transactions)]
    kept = transactions[~_unknown(transactions)].sample(frac=1, random_state=seed)
    rewritten = future.sample(frac=rng.random(), random_state=seed).assign(
        amount=lambda rows: rng.normal(0, 1e4, len(rows)),
        customer_id=lambda rows: rng.permutation(rows["customer_id"]),
        kind=lambda rows: rng.choice(["purchase", "complaint", "new"], len(rows)),
    )
    rows = features_of(
        COMPANY | {"transactions": pd.concat([kept, rewritten, _late(rng, added)])}
    )
    assert not _differing(rows.loc[:SEEN_AT], BEFORE)


def _late(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Rows that happen at any time and become known after the second date."""
    time = pd.Timestamp("2023-06-01") + pd.to_timedelta(
        rng.integers(0, 400 * 86400, count), "s"
    )
    known = SEEN_AT + pd.to_timedelta(rng.integers(1, 300, count), "D")
    return pd.DataFrame(
        {
            "customer_id": rng.choice([f"c{n:02d}" for n in range(18)], count),
            "event_time": time,
            "known_at": np.maximum(time, known),
            "order_id": [f"late {number}" for number in range(count)],
            "amount": rng.gamma(2.0, 50.0, count),
            "kind": rng.choice(["purchase", "complaint"], count),
            "is_cancelled": rng.random(count) < 0.2,
        }
    )

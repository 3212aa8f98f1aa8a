"""What of a contract is known at a date: the running term, renewals, cancellations."""

from __future__ import annotations

import pandas as pd

from tests.features.tables import customers, events, features_of, terms

NAMES = ["has_contract", "contract_terms", "term_left_days", "term_length_days"]


def _rows(contracts: pd.DataFrame) -> pd.DataFrame:
    return features_of(
        {
            "customers": customers(["a"]),
            # The last purchase keeps who has no contract any more in the population.
            "transactions": events([("a", "2024-03-20", 1), ("a", "2024-05-02", 1)]),
            "contracts": contracts,
        }
    ).loc[(slice(None), "a"), :]


def test_a_renewal_is_the_running_term_from_its_first_day() -> None:
    rows = _rows(
        terms(
            [
                ("a", "2023-05-01", "2024-05-01", None, None, "basic"),
                ("a", "2024-05-01", "2024-06-30", None, None, "plus"),
            ]
        )
    )
    assert rows[NAMES].to_numpy().tolist() == [
        [1, 1, 30, 366],
        [1, 2, 60, 60],
        [1, 2, 29, 60],
    ]
    assert rows["plan"].tolist() == ["basic", "plus", "plus"]
    assert rows["contract_age_days"].tolist() == [336, 366, 397]


def test_a_cancelled_contract_runs_until_it_is_cancelled() -> None:
    rows = _rows(terms([("a", "2023-05-01", "2024-12-31", "2024-05-01")]))
    # In May it has just ended and nothing was bought since: no customer.
    assert [date.month for date in rows.index.get_level_values(0)] == [4, 6]
    assert rows["has_contract"].tolist() == [1, 0]
    assert rows["term_left_days"].isna().tolist() == [False, True]


def test_a_term_known_late_is_no_contract_before() -> None:
    rows = _rows(terms([("a", "2024-03-01", "2025-03-01", None, "2024-04-02")]))
    assert rows["has_contract"].tolist() == [0, 1, 1]

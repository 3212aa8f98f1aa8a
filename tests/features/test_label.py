"""Labels: idle through the horizon, a contract that ended in it, or not known yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.features.build import event_features
from churn_pipeline.features.label import event_labels
from churn_pipeline.features.observation import Calendar
from tests.features.tables import (
    COMPANY,
    PARAMETERS,
    as_tables,
    customers,
    events,
    terms,
)

# One date, 1 April; lead time to 6 April, horizon 7 April to 6 May, grace to 13 May.
ONE_DATE = Calendar((dt.date(2024, 4, 1),), dt.date(2024, 5, 13), 5, 30, 7)
NONE = terms([("z", "2020-01-01", "2020-02-01")])


def _labels(
    transactions: pd.DataFrame,
    contracts: pd.DataFrame = NONE,
    calendar: Calendar = ONE_DATE,
) -> dict[str, float]:
    tables = as_tables(
        {
            "customers": customers(sorted(set(transactions["customer_id"]))),
            "transactions": transactions,
            "contracts": contracts,
        }
    )
    made = event_features(tables, COMPANY, PARAMETERS, calendar)
    labelled = event_labels(made.table, tables, COMPANY, PARAMETERS, calendar)
    rows = labelled.to_pandas().sort_values("customer_id")
    return dict(zip(rows["customer_id"], rows["label"], strict=True))


def test_idle_customers_churn_and_lead_time_does_not_count() -> None:
    made = _labels(
        events(
            [
                ("first day", "2024-03-01", 1),
                ("first day", "2024-04-07", 1),
                ("last day", "2024-03-01", 1),
                ("last day", "2024-05-06 23:00", 1),
                ("lead time", "2024-03-01", 1),
                ("lead time", "2024-04-06", 1),
                ("too late", "2024-03-01", 1),
                ("too late", "2024-05-07", 1),
                ("complains", "2024-03-01", 1),
                ("complains", "2024-04-10", 1, None, "complaint"),
                ("cancels", "2024-03-01", 1),
                ("cancels", "2024-04-10", 1, None, "purchase", True),
            ]
        )
    )
    assert made == {
        "first day": 0,
        "last day": 0,
        "lead time": 1,
        "too late": 1,
        "complains": 1,
        "cancels": 1,
    }


def test_a_late_payer_has_no_label_before_late_rows_are_known() -> None:
    rows = events([("a", "2024-03-01", 1), ("a", "2024-05-06", 1, "2024-05-15")])
    # As of 13 May the horizon is over, and the payment is not known.
    assert _labels(rows) == {"a": 1}
    waits = replace(ONE_DATE, known_lag_days=9)
    assert np.isnan(_labels(rows, calendar=waits)["a"])
    later = replace(waits, as_of=dt.date(2024, 5, 22))
    assert _labels(rows, calendar=later) == {"a": 0}


def test_a_label_knows_only_what_was_known_as_of() -> None:
    rows = [("a", "2024-03-01", 1), ("a", "2024-04-10", 1, "2024-05-14")]
    assert _labels(events(rows)) == {"a": 1}


def test_a_horizon_that_has_not_passed_gives_no_label() -> None:
    early = replace(ONE_DATE, as_of=dt.date(2024, 5, 12))
    made = _labels(events([("a", "2024-03-01", 1)]), calendar=early)
    assert np.isnan(made["a"])


def test_contracts_decide_for_those_who_have_one() -> None:
    names = ["ends", "renews", "cancels", "runs on", "in lead time", "ended before"]
    made = _labels(
        events([(name, "2024-03-20", 1) for name in names]),
        terms(
            [
                ("ends", "2023-05-01", "2024-05-01"),
                ("renews", "2023-05-01", "2024-05-01"),
                ("renews", "2024-05-03", "2025-05-03"),
                ("cancels", "2023-06-01", "2024-06-01", "2024-04-20"),
                ("runs on", "2023-06-01", "2024-06-01"),
                ("in lead time", "2023-06-01", "2024-04-04"),
                ("ended before", "2023-03-01", "2024-03-01"),
            ]
        ),
    )
    assert np.isnan(made.pop("in lead time"))
    assert made == {
        "ends": 1,
        "renews": 0,
        "cancels": 1,
        "runs on": 0,
        "ended before": 1,  # no contract: idle since March
    }


@pytest.mark.parametrize("as_of", ["2024-05-06", "2024-05-12"])
def test_an_end_that_may_still_be_renewed_gives_no_label(as_of: str) -> None:
    purchases = events([("a", "2024-03-20", 1)])
    renewed = terms(
        [("a", "2023-05-04", "2024-05-04"), ("a", "2024-05-08", "2025-05-08")]
    )
    early = replace(ONE_DATE, as_of=dt.date.fromisoformat(as_of))
    assert np.isnan(_labels(purchases, renewed, early)["a"])
    assert _labels(purchases, renewed) == {"a": 0}


def test_a_contract_lapses_when_no_other_term_runs_on() -> None:
    main = ("2023-01-01", "2026-01-01")
    contracts = {
        "add-on ends": [main, ("2023-04-20", "2024-04-20")],
        "main ends": [("2023-04-20", "2024-04-20"), ("2023-06-01", "2023-09-01")],
        "three, one runs on": [
            ("2023-01-01", "2024-04-10"),
            ("2023-03-01", "2025-03-01"),
            ("2023-09-01", "2024-04-20"),
        ],
        "three end": [
            ("2023-01-01", "2024-04-20"),
            ("2023-03-01", "2024-04-10"),
            ("2023-09-01", "2024-04-15"),
        ],
        "other cancelled": [
            ("2023-04-20", "2024-04-20"),
            (*main, "2024-04-12"),
        ],
        "other known late": [
            ("2023-04-20", "2024-04-20"),
            ("2024-04-20", "2025-04-20", None, "2024-05-14"),
        ],
        "renewal never ran": [
            ("2023-04-20", "2024-04-20"),
            ("2024-04-20", "2025-04-20", "2024-04-02"),
        ],
        "begins after the grace": [
            ("2023-04-20", "2024-04-20"),
            ("2024-04-28", "2025-04-28"),
        ],
    }
    made = _labels(
        events([(name, "2024-03-20", 1) for name in contracts]),
        terms([(name, *term) for name, all_ in contracts.items() for term in all_]),
    )
    assert made == {
        "add-on ends": 0,
        "main ends": 1,
        "three, one runs on": 0,
        "three end": 1,
        "other cancelled": 1,
        "other known late": 1,
        "renewal never ran": 1,
        "begins after the grace": 1,
    }

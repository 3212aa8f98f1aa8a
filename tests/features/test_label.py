"""Labels: idle through the horizon, a contract that ended in it, or not known yet."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

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

# One date, 1 April; lead time to 6 April, horizon 7 April to 6 May.
ONE_DATE = Calendar((dt.date(2024, 4, 1),), dt.date(2024, 5, 6), 5, 30)
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


def test_a_label_knows_only_what_was_known_as_of() -> None:
    rows = [("a", "2024-03-01", 1), ("a", "2024-04-10", 1, "2024-05-07")]
    assert _labels(events(rows)) == {"a": 1}


def test_a_horizon_that_has_not_passed_gives_no_label() -> None:
    early = Calendar(ONE_DATE.dates, dt.date(2024, 5, 5), 5, 30)
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

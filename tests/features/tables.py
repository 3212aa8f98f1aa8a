"""A small company drawn at random, and tables written inline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis
import numpy as np
import pandas as pd

from churn_pipeline.dataset import Dataset
from churn_pipeline.features.build import Tables, event_features
from churn_pipeline.features.observation import Calendar
from churn_pipeline.features.params import FeatureEngineering

COMPANY = Dataset.model_validate(
    {
        "name": "tiny",
        "shape": "events",
        "tables": {
            "customers": {
                "customer_id": "customer_id",
                "start_date": "signup_date",
                "columns": {
                    "region": {"type": "category", "segment": True},
                    "gender": {
                        "type": "category",
                        "sensitive": True,
                        "feature": False,
                    },
                    "born": {"type": "date"},
                    "member": {"type": "boolean"},
                },
            },
            "transactions": {
                "customer_id": "customer_id",
                "time": "event_time",
                "known_at": "known_at",
                "order_id": "id",
                "unique": ["id"],
                "amount": "amount",
                "kind": "kind",
                "activity_kinds": ["purchase"],
                "cancelled_if_starts_with": {"id": "C"},
            },
            "contracts": {
                "customer_id": "customer_id",
                "start_date": "start_date",
                "end_date": "end_date",
                "cancelled_at": "cancelled_at",
                "known_at": "known_at",
                "columns": {"plan": {"type": "category"}},
            },
        },
        "label": {"rule": "contract_end", "lead_time_days": 5, "horizon_days": 30},
    }
)
PARAMETERS = FeatureEngineering.model_validate(
    {"windows_days": [7, 30, 90], "counted_kinds": ["complaint"], "observe": 30}
)
DATES = (dt.date(2024, 4, 1), dt.date(2024, 5, 1), dt.date(2024, 6, 1))
CALENDAR = Calendar(DATES, dt.date(2024, 6, 30), lead_days=5, horizon_days=30)


def with_orders() -> Dataset:
    """The company where several rows may be one order."""
    table = COMPANY.tables.transactions.model_copy(update={"unique": ()})
    tables = COMPANY.tables.model_copy(update={"transactions": table})
    return COMPANY.model_copy(update={"tables": tables})


def events(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    """Rows of (customer, day, amount[, known day[, kind[, cancelled]]])."""
    full = [(*row, *(None, "purchase", False)[len(row) - 3 :]) for row in rows]
    names = ["customer_id", "event_time", "amount", "known_at", "kind", "is_cancelled"]
    frame = pd.DataFrame(full, columns=names)
    frame["known_at"] = frame["known_at"].fillna(frame["event_time"])
    return frame.assign(
        event_time=pd.to_datetime(frame["event_time"], format="ISO8601"),
        known_at=pd.to_datetime(frame["known_at"], format="ISO8601"),
        amount=frame["amount"].astype(float),
        order_id=[str(number) for number in range(len(frame))],
    )


def terms(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    """Rows of (customer, start, end[, cancelled[, known[, plan]]])."""
    full = [(*row, *(None, None, "basic")[len(row) - 3 :]) for row in rows]
    names = ["customer_id", "start_date", "end_date", "cancelled_at", "known_at"]
    frame = pd.DataFrame(full, columns=[*names, "plan"])
    frame["known_at"] = frame["known_at"].fillna(frame["start_date"])
    return frame.assign(
        **{name: pd.to_datetime(frame[name]) for name in names if name != names[0]}
    )


def customers(ids: Sequence[str]) -> pd.DataFrame:
    """One row an id, with the columns of `COMPANY`."""
    return pd.DataFrame(
        {
            "customer_id": list(ids),
            "start_date": pd.Timestamp("2023-12-01"),
            "region": "north",
            "gender": "female",
            "born": pd.Timestamp("1990-01-01"),
            "member": True,
        }
    )


def random_company(size: int = 40, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Customers with events from January to July 2024, a fifth of them late."""
    rng = np.random.default_rng(seed)
    ids = [f"c{number:02d}" for number in range(size)]
    n_events = size * 25
    day = rng.integers(0, 200, n_events)
    late = np.where(rng.random(n_events) < 0.2, rng.integers(1, 60, n_events), 0)
    start = pd.Timestamp("2024-01-01")
    time = start + pd.to_timedelta(day * 86400 + rng.integers(0, 86400, n_events), "s")
    transactions = pd.DataFrame(
        {
            "customer_id": rng.choice(ids, n_events),
            "event_time": time,
            "known_at": time + pd.to_timedelta(late, "D"),
            "order_id": [str(number) for number in range(n_events)],
            "amount": rng.gamma(2.0, 20.0, n_events).round(2),
            "kind": rng.choice(["purchase", "complaint"], n_events, p=[0.9, 0.1]),
            "is_cancelled": rng.random(n_events) < 0.05,
        }
    )
    begin = start + pd.to_timedelta(rng.integers(0, 150, size), "D")
    ended = begin + pd.to_timedelta(rng.integers(20, 100, size), "D")
    left = begin + pd.to_timedelta(rng.integers(5, 60, size), "D")
    contracts = pd.DataFrame(
        {
            "customer_id": ids,
            "start_date": begin,
            "end_date": ended,
            "cancelled_at": left.where(rng.random(size) < 0.3),
            "known_at": begin + pd.to_timedelta(rng.integers(0, 9, size), "D"),
            "plan": rng.choice(["basic", "plus"], size),
        }
    )
    return {
        "customers": customers(ids),
        "transactions": transactions,
        "contracts": contracts,
    }


def as_tables(frames: dict[str, pd.DataFrame]) -> Tables:
    """The frames as Ibis tables, dates as dates."""
    dates = {"start_date", "end_date", "cancelled_at", "born"}
    tables = {}
    for name, frame in frames.items():
        table = ibis.memtable(frame)
        cast = {column: "date" for column in dates & set(frame.columns)}
        tables[name] = table.cast(cast)
    return Tables(**tables)


def features_of(
    frames: dict[str, pd.DataFrame],
    parameters: FeatureEngineering = PARAMETERS,
    calendar: Calendar = CALENDAR,
    dataset: Dataset = COMPANY,
) -> pd.DataFrame:
    """The features of all dates, by date and customer."""
    made = event_features(as_tables(frames), dataset, parameters, calendar)
    rows = made.table.to_pandas()
    rows["observation_date"] = pd.to_datetime(rows["observation_date"])
    return rows.set_index(["observation_date", "customer_id"]).sort_index()

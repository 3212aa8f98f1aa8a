"""The features of `features.py` in plain pandas, as one writes them in a notebook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd


def make(
    source: Path,
    target: Path,
    dates: Sequence[dt.date],
    windows: Sequence[int],
    kinds: Sequence[str],
) -> None:
    """Write the features of every date to Parquet."""
    events = pd.read_parquet(source).drop(columns=["order_id", "is_cancelled"])
    events["day"] = events["event_time"].dt.normalize()
    made = [_of_date(events, date, windows, kinds) for date in dates]
    pd.concat(made).reset_index().to_parquet(target)


def _of_date(
    events: pd.DataFrame, date: dt.date, windows: Sequence[int], kinds: Sequence[str]
) -> pd.DataFrame:
    end = pd.Timestamp(date) + pd.Timedelta(days=1)
    known = events[(events["event_time"] < end) & (events["known_at"] < end)]
    rows = _lifetime(known[known["kind"] == "purchase"], pd.Timestamp(date))
    for days in windows:
        inside = known[known["event_time"] >= end - pd.Timedelta(days=days)]
        bought = inside[inside["kind"] == "purchase"].groupby("customer_id")["amount"]
        rows[f"purchases_{days}d"] = bought.size()
        rows[f"amount_{days}d"] = bought.sum()
        for kind in kinds:
            of_kind = inside[inside["kind"] == kind].groupby("customer_id")
            rows[f"{kind}_{days}d"] = of_kind.size()
    counted = [name for name in rows if str(name).endswith("d")]
    rows[counted] = rows[counted].fillna(0.0)
    longest = windows[-1]
    rows[f"amount_mean_{longest}d"] = bought.mean()
    rows[f"amount_std_{longest}d"] = bought.std(ddof=0)
    for days in windows[:-1]:
        for word, name in (("purchase", "purchases"), ("amount", "amount")):
            rate = rows[f"{name}_{days}d"] / rows[f"{name}_{longest}d"].replace(
                0, np.nan
            )
            rows[f"{word}_trend_{days}d"] = rate * (longest / days)
    return rows.assign(observation_date=date)


def _lifetime(bought: pd.DataFrame, date: pd.Timestamp) -> pd.DataFrame:
    by_customer = bought.groupby("customer_id")
    rows = by_customer.agg(
        frequency=("amount", "size"),
        monetary=("amount", "mean"),
        first=("day", "min"),
        last=("day", "max"),
    )
    span = (rows["last"] - rows["first"]).dt.days
    recency = (date - rows["last"]).dt.days.astype(float)
    mean = span / (rows["frequency"] - 1).replace(0, np.nan)
    return rows.assign(
        recency_days=recency,
        tenure_days=(date - rows["first"]).dt.days.astype(float),
        gap_mean_days=mean,
        recency_per_gap=recency / mean.clip(lower=1),
    ).drop(columns=["first", "last"])

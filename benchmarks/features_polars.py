"""The features of `features.py` in plain polars, lazily, with its fast idioms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl

BOUGHT = pl.col("kind") == "purchase"


def make(
    source: Path,
    target: Path,
    dates: Sequence[dt.date],
    windows: Sequence[int],
    kinds: Sequence[str],
) -> None:
    """Write the features of every date to Parquet."""
    events = pl.read_parquet(
        source, columns=["customer_id", "event_time", "known_at", "amount", "kind"]
    ).with_columns(
        pl.col("event_time").dt.date().alias("day"),
        pl.col("known_at").dt.date().alias("known_day"),
        pl.col("kind").cast(pl.Categorical),
    )
    events = events.drop("event_time", "known_at")
    made = [_of_date(events.lazy(), date, windows, kinds) for date in dates]
    pl.concat([rows.collect() for rows in made]).write_parquet(target)


def _of_date(
    events: pl.LazyFrame,
    date: dt.date,
    windows: Sequence[int],
    kinds: Sequence[str],
) -> pl.LazyFrame:
    known = events.filter(pl.col("day") <= date, pl.col("known_day") <= date)
    longest = windows[-1]
    recent = pl.col("amount").filter(BOUGHT & _within(date, longest))
    rows = known.group_by("customer_id").agg(
        frequency=BOUGHT.sum(),
        monetary=pl.col("amount").filter(BOUGHT).mean(),
        first=pl.col("day").filter(BOUGHT).min(),
        last=pl.col("day").filter(BOUGHT).max(),
        **{f"purchases_{w}d": (BOUGHT & _within(date, w)).sum() for w in windows},
        **{
            f"amount_{w}d": pl.col("amount").filter(BOUGHT & _within(date, w)).sum()
            for w in windows
        },
        **{
            f"{kind}_{w}d": ((pl.col("kind") == kind) & _within(date, w)).sum()
            for kind in kinds
            for w in windows
        },
        **{
            f"amount_mean_{longest}d": recent.mean(),
            f"amount_std_{longest}d": recent.std(ddof=0),
        },
    )
    rows = rows.filter(pl.col("frequency") > 0)
    return _derived(rows, date, windows)


def _within(date: dt.date, days: int) -> pl.Expr:
    return pl.col("day") > date - dt.timedelta(days=days)


def _derived(rows: pl.LazyFrame, date: dt.date, windows: Sequence[int]) -> pl.LazyFrame:
    longest = windows[-1]
    span = (pl.col("last") - pl.col("first")).dt.total_days()
    repeated = pl.when(pl.col("frequency") > 1).then(
        pl.col("frequency").cast(float) - 1
    )
    recency = (date - pl.col("last")).dt.total_days().cast(float)
    trends = {}
    for days in windows[:-1]:
        for word, name in (("purchase", "purchases"), ("amount", "amount")):
            whole = pl.col(f"{name}_{longest}d")
            rate = pl.col(f"{name}_{days}d") / pl.when(whole != 0).then(whole)
            trends[f"{word}_trend_{days}d"] = rate * (longest / days)
    return rows.with_columns(
        observation_date=pl.lit(date),
        recency_days=recency,
        tenure_days=(date - pl.col("first")).dt.total_days().cast(float),
        gap_mean_days=span / repeated,
        recency_per_gap=recency / (span / repeated).clip(lower_bound=1),
        **trends,
    ).drop("first", "last")

"""The rows of one observation date."""

from __future__ import annotations

import datetime as dt

import ibis
import pandas as pd


def at_date(features: ibis.Table, date: dt.date | None) -> ibis.Table:
    """Return the rows of one observation date, by default the newest.

    Raises:
        ValueError: There is no row of the date.
    """
    dates = features.observation_date
    chosen = newest(features) if date is None else date
    rows = features.filter(dates == ibis.date(str(chosen)[:10]))
    if pd.isna(chosen) or rows.count().to_pyarrow().as_py() == 0:
        known = features.select("observation_date").distinct()
        some = sorted(str(d)[:10] for d in known.to_pandas()["observation_date"])
        raise ValueError(
            f"expected rows of observation date {chosen} in customer_features, found "
            f"none; dates there: {', '.join(some[-12:]) or 'none'}; choose one of "
            "them, or make the features of newer data"
        )
    return rows


def newest(features: ibis.Table) -> pd.Timestamp:
    """Return the newest observation date; NaT where there is no row."""
    found = features.aggregate(newest=features.observation_date.max()).to_pandas()
    return pd.Timestamp(found["newest"][0])

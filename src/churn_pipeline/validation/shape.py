"""How the values of each column spread, from a few thousand rows."""

from __future__ import annotations

from math import ceil

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BINS = 12
_ROWS = 4000
_MIDDLE = (0.01, 0.99)


def column_shapes(checked: ir.Table) -> dict[str, list[int]]:
    """Return the counts of twelve equal ranges of each number and date, by column.

    The ranges span the middle 98 % of the values, so that one outlier does not hide
    the rest; what lies beyond counts at the ends. Rows are taken at equal distances,
    so that the same table always gives the same counts.

    Args:
        checked: Rows of `churn_pipeline.validation.rows.check_rows`.
    """
    kinds = checked.schema()
    names = [
        name
        for name, kind in kinds.items()
        if not name.startswith("_")
        and (kind.is_date() or kind.is_timestamp() or kind.is_numeric())
    ]
    last = checked["_row"].max().to_pyarrow().as_py() or 0
    step = max(1, ceil(last / _ROWS))
    good = checked.filter(checked["_reasons"].length() == 0)
    taken = good.filter(good["_row"] % step == 0)
    rows = taken.select(*names).to_pandas() if names else pd.DataFrame()
    return {name: _counts(_numbers(rows[name])) for name in names}


def _numbers(column: pd.Series) -> Floats:
    """Return the finite values as float64; dates as time since 1970."""
    there = column.dropna()
    if not pd.api.types.is_numeric_dtype(there):
        there = pd.to_datetime(there).astype("int64")
    values: Floats = there.to_numpy(np.float64)
    return values[np.isfinite(values)]


def _counts(values: Floats) -> list[int]:
    if not values.size:
        return []
    low, high = np.quantile(values, _MIDDLE)
    counts, _ = np.histogram(np.clip(values, low, high), BINS)
    return [int(count) for count in counts]

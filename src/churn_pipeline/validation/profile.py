"""What a typed table looks like: ranges, sizes and levels of its columns."""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir

_IDS = ("customer_id", "order_id")
_MOST_LEVELS = 200


def table_profile(table: ir.Table) -> dict[str, Any]:
    """Return the number of rows of a typed table and the profile of each column.

    Returns:
        `rows`, and under `columns` by name: `type`, `missing` (rows without a value),
        `min` and `max`. Of numbers also `mean` and `size`, the median of the absolute
        values other than 0. Of categories `distinct` and `levels`, the 200 most
        frequent values with their share of the rows that have one, 0 to 1.
    """
    statistics: dict[str, ir.Value] = {"rows": table.count()}
    for name in table.columns:
        statistics |= _statistics(name, table[name])
    row = table.aggregate(**statistics).to_pyarrow().to_pylist()[0]
    columns = {name: _column(table, name, row) for name in table.columns}
    return {"rows": row["rows"], "columns": columns}


def _statistics(name: str, column: ir.Value) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {f"{name} missing": column.isnull().sum()}
    kind = column.type()
    if kind.is_numeric():
        number = column.cast("float64")
        found[f"{name} mean"] = number.mean()
        found[f"{name} size"] = number.abs().nullif(0.0).approx_median()
    if not kind.is_string() and not kind.is_boolean():
        found[f"{name} min"] = column.min()
        found[f"{name} max"] = column.max()
    return found


def _column(table: ir.Table, name: str, row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"type": str(table[name].type())}
    for statistic in ("missing", "min", "max", "mean", "size"):
        key = f"{name} {statistic}"
        if key in row:
            found[statistic] = _plain(row[key])
    if table[name].type().is_string():
        found["distinct"] = _distinct(table, name)
        if name not in _IDS:
            found["levels"] = levels_of(table, name)
    return found


def _distinct(table: ir.Table, name: str) -> int:
    """Return how many values a column has, in a way that spills to the disk.

    DuckDB's own estimate is off by a fifth, beyond the number of rows even, and its
    count of distinct values keeps all of them in memory.
    """
    found = table.select(value=table[name]).distinct()
    return int(found["value"].count().to_pyarrow().as_py())


def levels_of(table: ir.Table, name: str) -> dict[str, float]:
    """Return the most frequent values of a column and their shares, 0 to 1."""
    there = table.filter(table[name].notnull())
    counts = there.group_by(level=there[name]).agg(rows=there.count())
    share = counts.mutate(share=counts["rows"] / counts["rows"].sum().over())
    top = share.order_by(share["rows"].desc(), share["level"]).limit(_MOST_LEVELS)
    found = top.select("level", "share").to_pyarrow()
    levels, shares = found["level"].to_pylist(), found["share"].to_pylist()
    return dict(zip(levels, shares, strict=True))


def _plain(value: Any) -> Any:
    """Return a value that JSON knows; dates as text."""
    return value.isoformat() if hasattr(value, "isoformat") else value

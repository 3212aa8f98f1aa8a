"""What of a column is different from the last accepted data, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_SHARE = 0.005  # a move of the missing share worth telling
_MEAN = 0.05  # a relative move of the mean
_SHOWN = 3


def column_changes(
    column: Mapping[str, Any], before: Mapping[str, Any], *, rows: int, rows_before: int
) -> list[str]:
    """Return what changed of a column, each in a few words; nothing: an empty list.

    Args:
        column: Its profile, see `churn_pipeline.validation.profile.table_profile`.
        before: The same of the last accepted data.
        rows: Rows of the table.
        rows_before: The same of the last accepted data.

    Examples:
        >>> column = {"type": "float64", "missing": 2, "mean": 9.0, "max": 12.0}
        >>> before = {"type": "float64", "missing": 0, "mean": 6.0, "max": 12.0}
        >>> column_changes(column, before, rows=10, rows_before=10)
        ['missing 0.0 % → 20.0 %', 'mean 6 → 9']
    """
    if column["type"] != before["type"]:
        return [f"type {before['type']} → {column['type']}"]
    now, then = share_missing(column, rows), share_missing(before, rows_before)
    found = []
    if abs(now - then) >= _SHARE:
        found.append(f"missing {100 * then:.1f} % → {100 * now:.1f} %")
    return found + list(_moves(column, before)) + list(_levels(column, before))


def share_missing(column: Mapping[str, Any], rows: int) -> float:
    """Return the share of rows without a value, 0 to 1."""
    return (column["missing"] or 0) / rows if rows else 0.0


def _moves(column: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    now, then = column.get("mean"), before.get("mean")
    if now is not None and then is not None and abs(now - then) > _MEAN * abs(then):
        yield f"mean {then:.4g} → {now:.4g}"
    for end in ("min", "max"):
        now, then = column.get(end), before.get(end)
        if now != then and now is not None and then is not None:
            yield f"{end} {said(then)} → {said(now)}"


def _levels(column: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    now, then = column.get("levels") or {}, before.get("levels") or {}
    is_listed = max(_distinct(column), _distinct(before)) <= max(len(now), len(then))
    if not is_listed:
        return  # of a long list only the most frequent are known
    for word, found in (("new", set(now) - set(then)), ("gone", set(then) - set(now))):
        if found:
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            yield f"{word}: {', '.join(sorted(found)[:_SHOWN])}{more}"


def _distinct(column: Mapping[str, Any]) -> int:
    return column.get("distinct") or 0


def said(value: Any) -> str:
    """Return a number or a date as people write it.

    Examples:
        >>> said(1234567.891), said(3), said("2024-01-31T00:00:00")
        ('1,234,568', '3', '2024-01-31')
    """
    if isinstance(value, str):
        return value.removesuffix("T00:00:00")[:16].replace("T", " ")
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"  # noqa: PLR2004

"""A few of the rows that were rejected: which row, which cell, and its value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

_EACH = 3
_KINDS = 30
_LABELS = 6
_LONGEST = 60  # characters of a cell


def reasons_of(checked: ir.Table) -> ir.Table:
    """Return each reason against each bad row: `row`, `original` and `kind`.

    `kind` is the reason without the cell that it met.
    """
    bad = checked.filter(checked["_reasons"].length() > 0)
    each = bad.select(
        row=bad["_row"], original=bad["_original"], reason=bad["_reasons"].unnest()
    )
    kind = each["reason"].re_replace(r"(?s) \(got .*$", "")
    return each.mutate(kind=kind).drop("reason")


def rejected_examples(
    checked: ir.Table, kinds: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return the first rows that were rejected for each kind of reason.

    Args:
        checked: Rows of `churn_pipeline.validation.rows.check_rows`.
        kinds: The kinds to look for; the first thirty of them are.

    Returns:
        Kind -> at most three of `row` (1-based number), `column` (None: the whole
        row) and `value` (of the cell, or of all cells with commas between; at most 60
        characters; None: there is none).
    """
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds[:_KINDS]}
    each = reasons_of(checked)
    each = each.filter(each["kind"].isin(list(found)))
    place = ibis.row_number().over(group_by=each["kind"], order_by=each["row"])
    numbered = each.mutate(place=place)
    few = numbered.filter(numbered["place"] < _EACH).order_by("kind", "row")
    for row in few.to_pyarrow().to_pylist():
        found[row["kind"]].append({"row": row["row"], **_cell(row)})
    return found


def unknown_labels(checked: ir.Table, column: str) -> list[str]:
    """Return the values of rejected labels, the most frequent first, at most six."""
    reason = checked.select(reason=checked["_reasons"].unnest())["reason"]
    start = f"{column}: unknown label (got "
    found = reason.as_table().filter(reason.startswith(start))
    value = found["reason"].substr(len(start)).re_replace(r"\)$", "")
    counts = value.name("value").as_table().value_counts(name="rows")
    top = counts.order_by(counts["rows"].desc(), "value").limit(_LABELS)
    return [str(value) for value in top["value"].to_pyarrow().to_pylist()]


def _cell(row: dict[str, Any]) -> dict[str, Any]:
    """Return the column that a reason names and its raw value, or the whole row."""
    kind, original = row["kind"], row["original"] or ""
    try:
        cells = json.loads(original)
    except ValueError:
        cells = None  # a line that could not be read as cells is kept as it came
    named = [c for c in cells if kind.startswith(f"{c}: ")] if cells else []
    if not named:
        line = ", ".join(str(c or "") for c in cells.values()) if cells else original
        return {"column": None, "value": _short(line)}
    column = max(named, key=len)
    value = cells[column]
    return {"column": column, "value": None if value is None else _short(str(value))}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

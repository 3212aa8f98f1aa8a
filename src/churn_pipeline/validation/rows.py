"""A raw table read cell by cell: typed values, and every row's reasons to reject it.

A checked table has the typed columns and three of its own: `_row` (1-based number of
the data row), `_reasons` (list of texts, empty for a good row) and `_original` (JSON
text of the raw cells of a bad row, null for a good one).
"""

from __future__ import annotations

import datetime as dt
import functools
import operator
from collections.abc import Mapping, Sequence
from typing import cast

import ibis
import ibis.expr.types as ir

from churn_pipeline.dataset import ColumnLabel, Dataset
from churn_pipeline.tables import Contracts, Table, Transactions
from churn_pipeline.validation.cells import problem_of, text_of
from churn_pipeline.validation.checks import Check, checks_of
from churn_pipeline.validation.columns import raw_columns, with_row_numbers
from churn_pipeline.validation.fields import (
    Field,
    cell_name,
    fields_of,
    label_of,
    value_name,
)
from churn_pipeline.validation.reading import PART, kept, read_cells, side_by_side
from churn_pipeline.validation.slid import slid_reason

_NO_TEXT = ibis.null("string")


def check_rows(
    raw: ir.Table,
    table: Table,
    dataset: Dataset,
    *,
    today: dt.date | None = None,
    learns: bool = True,
) -> ir.Table:
    """Return the checked table of a raw one.

    Nothing is read but to bound dates, and of a wide table to judge it in parts.

    Args:
        raw: Raw rows, with or without `_row` and `_malformed`; every declared column
            is there.
        table: What the raw columns mean.
        dataset: The data set; its label is read where `table` holds it.
        today: A day after which nothing has happened yet.
        learns: Whether a model learns from the rows. One that only answers knows
            what to make of a new category and of a missing value.
    """
    label = label_of(dataset, table)
    raw = with_row_numbers(raw)
    read = read_cells(raw, table, label)
    checks = checks_of(read, table, dataset, today=today, learns=learns)
    rows = _with_duplicates(
        _judge(read, table, label, checks), raw, table, label, checks
    )
    cells = ibis.struct({name: rows[name] for name in raw_columns(raw)})
    original = ibis.coalesce(rows["_malformed"], cells.cast("json").cast("string"))
    return rows.select(
        rows["_row"],
        rows["_reasons"],
        _original=ibis.ifelse(rows["_reasons"].length() > 0, original, _NO_TEXT),
        **typed_columns(rows, table, label),
    )


def accepted(checked: ir.Table) -> ir.Table:
    """Return the typed columns of the rows without a reason against them."""
    good = checked.filter(checked["_reasons"].length() == 0)
    return good.drop("_row", "_reasons", "_original")


def rejected(checked: ir.Table, name: str) -> ir.Table:
    """Return the bad rows: `table`, `row`, `reasons` (joined) and `original`."""
    bad = checked.filter(checked["_reasons"].length() > 0)
    return bad.select(
        table=ibis.literal(name),
        row=bad["_row"],
        reasons=bad["_reasons"].join("; "),
        original=bad["_original"],
    )


def _judge(
    read: ir.Table, table: Table, label: ColumnLabel | None, checks: Sequence[Check]
) -> ir.Table:
    """Return the rows with `_reasons`, what is wrong with each, duplicates aside."""
    problems = [
        f"{field.raw}: "
        + problem_of(read[cell_name(field)], read[value_name(field)], column, bounds)
        for field, column, bounds in checks
    ]
    if label is not None:
        problems.append(f"{label.column}: " + _label_problem(read, label))
    rows = _with_problems(read, problems + _cross_problems(read, table))
    return cast("ir.Table", rows.mutate(_reasons=_whole_row_reasons(rows, table)))


def _with_problems(read: ir.Table, problems: Sequence[ir.StringValue]) -> ir.Table:
    """Return the rows with `_reasons`, the problems that are not null.

    Those of a wide table are looked at in parts, as `read_cells` reads it.
    """
    parts = [problems[i : i + PART] for i in range(0, len(problems), PART)] or [[]]
    lists = [ibis.array(part).filter(lambda text: text.notnull()) for part in parts]
    if len(lists) == 1:
        return cast("ir.Table", read.mutate(_reasons=lists[0]))
    told = [
        kept(read.select(**{"_row": read["_row"], f"_reasons {place}": found}))
        for place, found in enumerate(lists)
    ]
    rows = read.left_join(side_by_side(told), "_row").drop("_row_right")
    names = [f"_reasons {place}" for place in range(len(lists))]
    together = functools.reduce(operator.add, (rows[name] for name in names))
    return cast("ir.Table", rows.mutate(_reasons=together).drop(*names))


def _whole_row_reasons(rows: ir.Table, table: Table) -> ir.ArrayValue:
    """Return the reasons, or one in place of many where the whole row is wrong."""
    width = rows["_malformed"].re_extract(r"^\d+ cells instead of \d+", 0)
    slid = slid_reason(rows, table)
    return cast(
        "ir.ArrayValue",
        ibis.cases(
            (rows["_malformed"].notnull(), ibis.array(["row: " + width])),
            (
                (rows["_reasons"].length() > 1) & slid.notnull(),
                ibis.array([slid]),
            ),
            else_=rows["_reasons"],
        ),
    )


def _label_problem(rows: ir.Table, label: ColumnLabel) -> ir.StringValue:
    text = rows["_cell label"]
    branches = [(text.isnull(), ibis.literal("label missing"))]
    if label.negative is not None:
        known = text.lower().isin([label.positive.lower(), label.negative.lower()])
        branches.append((~known, "unknown label (got " + text.left(40) + ")"))
    return cast("ir.StringValue", ibis.cases(*branches))


def _cross_problems(rows: ir.Table, table: Table) -> list[ir.StringValue]:
    """Return what is wrong with cells that are good each by itself."""
    if isinstance(table, Contracts):
        before = rows["_value end_date"] < rows["_value start_date"]
        text = f"{table.end_date}: before {table.start_date}"
        return [ibis.ifelse(before, text, _NO_TEXT)]
    if isinstance(table, Transactions) and table.amount:
        lacking = rows["_cell amount"].isnull()
        if table.kind and table.activity_kinds is not None:
            lacking &= rows["_value kind"].isin(table.activity_kinds)
        return [ibis.ifelse(lacking, f"{table.amount}: missing", _NO_TEXT)]
    return []


def _with_duplicates(
    rows: ir.Table,
    raw: ir.Table,
    table: Table,
    label: ColumnLabel | None,
    checks: Sequence[Check],
) -> ir.Table:
    """Add the reason to good rows that repeat an earlier good row's unique columns.

    Only rows whose key occurs twice are judged a second time for it: they are few.
    Those of a wide table lie judged in temporary tables.
    """
    if not table.unique:
        return rows
    cells = ibis.array([text_of(raw[name]) for name in table.unique])
    # As JSON, ("x", "y, z") and ("x, y", "z") differ, and so do a null and no cell.
    keyed = raw.mutate(_key=cells.cast("json").cast("string"), _shown=cells.join(", "))
    counts = keyed.group_by("_key").agg(_times=keyed.count())
    twice = keyed.semi_join(counts.filter(counts["_times"] > 1), "_key")
    if len(checks) > PART:
        judged = rows.inner_join(twice.select("_row", "_key", "_shown"), "_row")
    else:
        judged = _judge(read_cells(twice, table, label), table, label, checks)
    good = judged.filter(judged["_reasons"].length() == 0).select(
        "_row", "_key", "_shown"
    )
    first = good["_row"].min().over(group_by=good["_key"])
    repeats = good.select(_repeat=good["_row"], _shown=good["_shown"], _first=first)
    repeats = repeats.filter(repeats["_repeat"] != repeats["_first"])
    joined = rows.left_join(repeats, rows["_row"] == repeats["_repeat"])
    got = joined["_shown"].left(60) + "; kept row " + joined["_first"].cast("string")
    text = f"{', '.join(table.unique)}: repeated (got " + got + ")"
    reasons = ibis.ifelse(
        joined["_repeat"].notnull(), ibis.array([text]), joined["_reasons"]
    )
    return cast("ir.Table", joined.mutate(_reasons=reasons).select(*rows.columns))


def typed_columns(
    rows: ir.Table, table: Table, label: ColumnLabel | None = None
) -> dict[str, ir.Value]:
    """Return the columns of a typed table, out of `read_cells`' rows."""
    typed = {field.name: _final(rows, field) for field in fields_of(table)}
    typed.setdefault("customer_id", rows["_row"].cast("string"))
    if isinstance(table, Transactions):
        typed |= _transaction_columns(rows, table, typed)
        typed.pop("quantity", None)
    if isinstance(table, Contracts):
        known = typed.get("known_at", typed["start_date"])
        typed["known_at"] = ibis.coalesce(known, typed["start_date"])
        typed.setdefault("cancelled_at", ibis.null("date"))
    if label is not None:
        is_positive = rows["_cell label"].lower() == label.positive.lower()
        typed["label"] = is_positive.cast("float64")
    return typed


def _final(rows: ir.Table, field: Field) -> ir.Value:
    value = rows[value_name(field)]
    return value.try_cast("int64") if field.column.type == "integer" else value


def _transaction_columns(
    rows: ir.Table, table: Transactions, typed: Mapping[str, ir.Value]
) -> dict[str, ir.Value]:
    """Return the canonical columns that are made of several raw ones, or of none."""
    time = typed["event_time"]
    # Ibis writes 1.0, which DuckDB reads as a decimal number.
    amount = typed.get("amount", ibis.literal(1).cast("float64"))
    if "quantity" in typed:
        amount = amount * typed["quantity"]
    marks = [
        text_of(rows[name]).startswith(prefix).fill_null(False)
        for name, prefix in table.cancelled_if_starts_with.items()
    ]
    return {
        "known_at": ibis.coalesce(typed.get("known_at", time), time),
        "order_id": typed.get("order_id", _NO_TEXT),
        "amount": amount,
        "kind": typed.get("kind", _NO_TEXT),
        "is_cancelled": functools.reduce(operator.or_, marks, ibis.literal(False)),
    }

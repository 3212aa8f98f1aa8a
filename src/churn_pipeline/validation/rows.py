"""A raw table read cell by cell: typed values, and every row's reasons to reject it.

A checked table has the typed columns and three of its own: `_row` (1-based number of
the data row), `_reasons` (list of texts, empty for a good row) and `_original` (JSON
text of the raw cells of a bad row, null for a good one).
"""

from __future__ import annotations

import datetime as dt
import functools
import operator
from collections.abc import Mapping
from typing import cast

import ibis
import ibis.expr.types as ir

from churn_pipeline.dataset import (
    Column,
    ColumnLabel,
    Contracts,
    Dataset,
    Table,
    Transactions,
)
from churn_pipeline.validation.cells import (
    Bounds,
    present,
    problem_of,
    text_of,
    value_of,
)
from churn_pipeline.validation.columns import raw_columns, with_row_numbers
from churn_pipeline.validation.dates import days_with_rows, plausible_bounds
from churn_pipeline.validation.fields import (
    Field,
    cell_name,
    fields_of,
    label_of,
    value_name,
)
from churn_pipeline.validation.slid import slid_reason

_NO_TEXT = ibis.null("string")


def check_rows(
    raw: ir.Table, table: Table, dataset: Dataset, *, today: dt.date | None = None
) -> ir.Table:
    """Return the checked table of a raw one; nothing is read but to bound dates.

    Args:
        raw: Raw rows, with or without `_row` and `_malformed`; every declared column
            is there.
        table: What the raw columns mean.
        dataset: The data set; its label is read where `table` holds it.
        today: A day after which nothing has happened yet.
    """
    label = label_of(dataset, table)
    read = read_cells(with_row_numbers(raw), table, label)
    bounds = _date_bounds(read, table, dataset, today)
    found = ibis.array(_problems(read, table, label, bounds))
    rows = read.mutate(_reasons=found.filter(lambda text: text.notnull()))
    rows = rows.mutate(_reasons=_whole_row_reasons(rows, table))
    rows = _with_duplicates(rows, table)
    cells = ibis.struct({name: rows[name] for name in raw_columns(raw)})
    original = ibis.coalesce(rows["_malformed"], cells.cast("json").cast("string"))
    return rows.select(
        rows["_row"],
        rows["_reasons"],
        _original=ibis.ifelse(rows["_reasons"].length() > 0, original, _NO_TEXT),
        **typed_columns(rows, table, label),
    )


def read_cells(
    raw: ir.Table, table: Table, label: ColumnLabel | None = None
) -> ir.Table:
    """Return the raw rows with each field's present cell and typed value beside them.

    The stages are tables of their own, so that an engine computes each cell once:
    one expression of everything took minutes to plan.
    """
    fields = fields_of(table)
    cells = {
        cell_name(field): present(raw[field.raw], table, field.column)
        for field in fields
    }
    if label is not None:
        words = tuple(word for word in (label.positive, label.negative) if word)
        column = Column(type="category", allowed=words)
        cells["_cell label"] = present(raw[label.column], table, column)
    rows = raw.mutate(**cells)
    return rows.mutate(
        **{
            value_name(field): value_of(rows[cell_name(field)], table, field.column)
            for field in fields
        }
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


def _problems(
    rows: ir.Table,
    table: Table,
    label: ColumnLabel | None,
    bounds: Mapping[str, Bounds | None],
) -> list[ir.StringValue]:
    """Return what may be wrong with each cell, null where nothing is."""
    problems = [
        f"{field.raw}: "
        + problem_of(
            rows[cell_name(field)],
            rows[value_name(field)],
            field.column,
            bounds.get(field.name),
        )
        for field in fields_of(table)
    ]
    if label is not None:
        problems.append(f"{label.column}: " + _label_problem(rows, label))
    return problems + _cross_problems(rows, table)


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


def _with_duplicates(rows: ir.Table, table: Table) -> ir.Table:
    """Add the reason to good rows that repeat an earlier good row's unique columns."""
    if not table.unique:
        return rows
    good = rows.filter(rows["_reasons"].length() == 0)
    keys = {f"_key{i}": text_of(good[name]) for i, name in enumerate(table.unique)}
    groups = good.group_by(**keys).agg(_times=good.count(), _first=good["_row"].min())
    groups = groups.filter(groups["_times"] > 1)
    same = [
        text_of(rows[name]) == groups[f"_key{i}"] for i, name in enumerate(table.unique)
    ]
    joined = rows.left_join(groups, same)
    names = ", ".join(table.unique)
    shown = functools.reduce(
        operator.add,
        (part for name in table.unique for part in (", ", text_of(joined[name]))),
        ibis.literal(""),
    )
    repeated = (joined["_first"].notnull()) & (joined["_row"] != joined["_first"])
    repeated &= joined["_reasons"].length() == 0
    text = (
        f"{names}: repeated (got "
        + shown.substr(2, 60)
        + "; kept row "
        + joined["_first"].cast("string")
        + ")"
    )
    reasons = ibis.ifelse(repeated, ibis.array([text]), joined["_reasons"])
    return joined.mutate(_reasons=reasons).select(*rows.columns)


def _date_bounds(
    rows: ir.Table, table: Table, dataset: Dataset, today: dt.date | None
) -> dict[str, Bounds | None]:
    bounds = {}
    for field in fields_of(table):
        if field.is_date_role:
            # A contract may well end after today.
            latest = None if field.name == "end_date" else today
            bounds[field.name] = plausible_bounds(
                days_with_rows(rows[value_name(field)]),
                largest_share=dataset.max_rejected_share,
                today=latest,
            )
    return bounds


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
    amount = typed.get("amount", ibis.literal(1.0))
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

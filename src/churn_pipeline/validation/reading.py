"""The cells of a raw table, read: each field's present cell and its typed value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import ibis
import ibis.expr.types as ir

from churn_pipeline.dataset import ColumnLabel
from churn_pipeline.tables import Column, Table
from churn_pipeline.validation.cells import present, value_of
from churn_pipeline.validation.fields import (
    Field,
    cell_name,
    fields_of,
    value_name,
)

PART = 40
"""Columns, or problems in them, that are looked at together."""


def read_cells(
    raw: ir.Table, table: Table, label: ColumnLabel | None = None
) -> ir.Table:
    """Return the raw rows with each field's present cell and typed value beside them.

    The stages are tables of their own, so that an engine computes each cell once:
    one expression of everything took minutes to plan.
    """
    fields = fields_of(table)
    if len(fields) > PART:
        raw = _read_in_parts(raw, table, fields)
    else:
        raw = _read_fields(raw, table, fields)
    if label is None:
        return raw
    words = tuple(word for word in (label.positive, label.negative) if word)
    column = Column(type="category", allowed=words)
    cell = present(raw[label.column], table, column)
    return cast("ir.Table", raw.mutate(**{"_cell label": cell}))


def _read_fields(raw: ir.Table, table: Table, fields: Sequence[Field]) -> ir.Table:
    cells = {
        cell_name(field): present(raw[field.raw], table, field.column)
        for field in fields
    }
    rows = raw.mutate(**cells)
    values = {
        value_name(field): value_of(rows[cell_name(field)], table, field.column)
        for field in fields
    }
    return cast("ir.Table", rows.mutate(**values))


def _read_in_parts(raw: ir.Table, table: Table, fields: Sequence[Field]) -> ir.Table:
    """Return the rows of a wide table as `read_cells` does, from temporary tables.

    An engine holds each step of each expression of a query in memory at once.
    """
    raw = kept(raw)
    parts = []
    for start in range(0, len(fields), PART):
        part = fields[start : start + PART]
        names = dict.fromkeys(("_row", *(field.raw for field in part)))
        read = _read_fields(raw.select(*names), table, part)
        made = [name(field) for name in (cell_name, value_name) for field in part]
        parts.append(kept(read.select("_row", *made)))
    return side_by_side([raw, *parts])


def kept(rows: ir.Table) -> ir.Table:
    """Return a table computed once, in a temporary table of its connection."""
    name = ibis.util.gen_name("part")
    return cast("ir.Table", rows.get_backend().create_table(name, rows, temp=True))


def side_by_side(parts: Sequence[ir.Table]) -> ir.Table:
    """Return kept tables of the same rows as one kept table; they are dropped.

    As SQL: Ibis takes a time for a join that grows with the columns of all joins
    before it, and fails at hundreds of them.

    Args:
        parts: Tables of `kept`, each with `_row`; no other column is in two of them.
    """
    backend = parts[0].get_backend()
    names = [part.get_name() for part in parts]  # with their schemas
    name = ibis.util.gen_name("parts")
    joins = " ".join(f"JOIN {other} USING (_row)" for other in names[1:])
    joined = f"SELECT * FROM {names[0]} {joins}"  # noqa: S608
    backend.raw_sql(f"CREATE TEMP TABLE {name} AS {joined}")
    for other in names:
        backend.raw_sql(f"DROP TABLE {other}")
    return cast("ir.Table", backend.table(name))

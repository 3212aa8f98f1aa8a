"""Rows whose cells slid by one column: a separator too many here, one too few there."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import cast

import ibis
import ibis.expr.types as ir

from churn_pipeline.tables import Column, Table
from churn_pipeline.validation.cells import value_of
from churn_pipeline.validation.columns import raw_columns
from churn_pipeline.validation.fields import Field, fields_of

_FEWEST_TELLING = 2
_FITTING = 0.75  # share of the cells; an empty one fits nowhere
_MOST_TELLING = 60  # a wider table's columns are too many to look at twice


def slid_reason(rows: ir.Table, table: Table) -> ir.StringValue:
    """Return why a bad row is thought to have slid, or null.

    A row has slid where nearly each cell fits the column to its left, or to its
    right, of those columns that not every text fits, and clearly fewer fit where
    they stand: among like numbers any column will do. Only text slides: a Parquet file
    knows its columns, and of a wide table each bad cell is told.

    Args:
        rows: Rows of `churn_pipeline.validation.reading.read_cells`.
        table: What the raw columns mean.
    """
    order = raw_columns(rows)
    telling = [field for field in fields_of(table) if _is_telling(field.column)]
    is_text = all(rows[name].type().is_string() for name in order)
    if not (_FEWEST_TELLING <= len(telling) <= _MOST_TELLING and is_text):
        return ibis.null("string")
    branches = []
    for step, side in ((1, "right"), (-1, "left")):
        there = [
            (field, position)
            for field in telling
            if 0 <= (position := order.index(field.raw)) + step < len(order)
        ]
        moved = _misfits(rows, table, there, [order[p + step] for _, p in there])
        stay = _misfits(rows, table, there, [order[p] for _, p in there])
        fits = moved <= (1 - _FITTING) * len(there)
        has_slid = fits & (stay > moved + 1)
        reason = f"row: cells slid by one column to the {side}"
        branches.append((has_slid, ibis.literal(reason)))
    return cast("ir.StringValue", ibis.cases(*branches))


def _misfits(
    rows: ir.Table,
    table: Table,
    fields: Sequence[tuple[Field, int]],
    cells: Sequence[str],
) -> ir.IntegerValue:
    """Return how many of a row's cells do not fit the fields."""
    pairs = zip(fields, cells, strict=True)
    fits = (_fits(rows[cell], table, field.column) for (field, _), cell in pairs)
    return functools.reduce(operator.add, ((~fit).cast("int32") for fit in fits))


def _is_telling(column: Column) -> bool:
    return column.type != "category" or column.allowed is not None


def _fits(cell: ir.Value, table: Table, column: Column) -> ir.BooleanValue:
    text = cell.strip()
    value = value_of(text, table, column)
    fits = ((text != "") & value.notnull()).fill_null(False)
    if column.allowed is not None:
        fits &= value.isin(column.allowed).fill_null(False)
    if column.min is not None:
        fits &= (value >= column.min).fill_null(False)
    if column.max is not None:
        fits &= (value <= column.max).fill_null(False)
    return cast("ir.BooleanValue", fits)

"""Rows whose cells slid by one column: a separator too many here, one too few there."""

from __future__ import annotations

import functools
import math
import operator
from typing import cast

import ibis
import ibis.expr.types as ir

from churn_pipeline.dataset import Column, Table
from churn_pipeline.validation.cells import value_of
from churn_pipeline.validation.columns import raw_columns
from churn_pipeline.validation.fields import fields_of

_FEWEST_TELLING = 2
_FITTING = 0.85  # share of the cells
_MOST_TELLING = 40  # columns looked at: of a wide table, every so many


def slid_reason(rows: ir.Table, table: Table) -> ir.StringValue:
    """Return why a bad row is thought to have slid, or null.

    A row has slid where nearly each cell fits the column to its left, or to its
    right, of those columns that not every text fits. Cells before the place where
    one was lost or added stand where they should. Only text slides: a Parquet
    file knows its columns.

    Args:
        rows: Rows of `churn_pipeline.validation.reading.read_cells`.
        table: What the raw columns mean.
    """
    order = raw_columns(rows)
    telling = [field for field in fields_of(table) if _is_telling(field.column)]
    is_text = all(rows[name].type().is_string() for name in order)
    if len(telling) < _FEWEST_TELLING or not is_text:
        return ibis.null("string")
    telling = telling[:: math.ceil(len(telling) / _MOST_TELLING)]
    branches = []
    for step, side in ((1, "right"), (-1, "left")):
        fits = [
            _fits(rows[order[position + step]], table, field.column)
            for field in telling
            if 0 <= (position := order.index(field.raw)) + step < len(order)
        ]
        reason = f"row: cells slid by one column to the {side}"
        fitting = functools.reduce(operator.add, (fit.cast("int32") for fit in fits))
        branches.append((fitting >= _FITTING * len(fits), ibis.literal(reason)))
    return cast("ir.StringValue", ibis.cases(*branches))


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

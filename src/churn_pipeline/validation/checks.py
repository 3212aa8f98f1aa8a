"""What is valid in each column of a raw table."""

from __future__ import annotations

import datetime as dt
import math
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from churn_pipeline.dataset import Dataset
from churn_pipeline.tables import Column, Table
from churn_pipeline.validation.cells import Bounds
from churn_pipeline.validation.dates import days_with_rows, plausible_bounds
from churn_pipeline.validation.fields import Field, fields_of, value_name

_SIZED = ("amount", "quantity")
_FAR_OUT = 10_000


class Check(NamedTuple):
    """A field with what is valid in it, declared or told by the rest of the column."""

    field: Field
    column: Column
    bounds: Bounds | None


def checks_of(
    read: ir.Table,
    table: Table,
    dataset: Dataset,
    *,
    today: dt.date | None,
    learns: bool,
) -> list[Check]:
    """Return what is valid in each field, declared or told by the rest of its column.

    Args:
        read: Rows of `churn_pipeline.validation.reading.read_cells`.
        table: What the raw columns mean.
        dataset: The data set.
        today: A day after which nothing has happened yet, or None.
        learns: Whether a model learns from the rows.
    """
    checks = []
    for field in fields_of(table):
        column, bounds = field.column, None
        value = read[value_name(field)]
        if field.name in _SIZED:
            limit = _far_out(value)
            column = column.model_copy(update={"min": -limit, "max": limit})
        if field.is_dated:
            # A contract may well end after today.
            latest = None if field.name == "end_date" else today
            bounds = plausible_bounds(
                days_with_rows(value),
                largest_share=dataset.max_rejected_share,
                today=latest,
            )
        if not learns and field.name in table.columns:
            column = _answerable(column)
        checks.append(Check(field, column, bounds))
    return checks


def _answerable(column: Column) -> Column:
    """Return a column without the demands that a model can answer without."""
    return column.model_copy(update={"allowed": None, "nullable": True})


def _far_out(value: ir.FloatingValue) -> float:
    """Return 10,000 times the 95th percentile of a column's finite absolute values."""
    size = ibis.ifelse(value.isinf(), None, value.abs().nullif(0.0))
    usual = size.approx_quantile(0.95).to_pyarrow().as_py()
    return _FAR_OUT * usual if usual else math.inf

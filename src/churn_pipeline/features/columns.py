"""Features that are columns as they are: of customers, of a running contract."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import _

from churn_pipeline.dataset import Column
from churn_pipeline.features.definition import Definition
from churn_pipeline.features.timeline import days_since_epoch


def column_definitions(
    columns: Mapping[str, Column], *, past_only: bool = False
) -> list[Definition]:
    """Return one definition a declared column, over a table with `observed_day`.

    Booleans become 0 and 1, dates the days from them to the observation date.

    Args:
        columns: Declared columns.
        past_only: Whether a date after the observation date is null. Rows of the
            customers of an event log have no date on which they became known and
            stand at every observation date as they are now: a later date would tell
            what had not happened yet.
    """
    return [_definition(name, column, past_only) for name, column in columns.items()]


def used_columns(columns: Mapping[str, Column]) -> dict[str, Column]:
    """Return the columns that the model may use."""
    return {name: column for name, column in columns.items() if column.feature}


def reported_columns(columns: Mapping[str, Column]) -> dict[str, Column]:
    """Return the columns that are reported by and never used by the model."""
    return {
        name: column
        for name, column in columns.items()
        if not column.feature and (column.segment or column.sensitive)
    }


def _definition(name: str, column: Column, past_only: bool) -> Definition:
    """Return a declared column as a feature."""
    words = column.description or name.replace("_", " ")
    if column.type == "category":
        return Definition(
            name,
            _[name],
            words,
            nullable=column.nullable,
            type="category",
            allowed=column.allowed,
        )
    if column.type in {"date", "datetime"}:
        days = _.observed_day - days_since_epoch(_[name])
        return Definition(
            name,
            ibis.ifelse(days >= 0, days, ibis.null("int32")) if past_only else days,
            f"Days since: {words}",
            unit="days",
            nullable=column.nullable or past_only,
            min=0 if past_only else None,
        )
    if column.type == "boolean":
        return Definition(
            name, _[name].cast("int8"), words, nullable=column.nullable, min=0, max=1
        )
    return Definition(
        name,
        _[name],
        words,
        unit=column.unit,
        nullable=column.nullable,
        min=column.min,
        max=column.max,
    )

"""Features that are columns as they are: of customers, of a running contract."""

from __future__ import annotations

from collections.abc import Mapping

from ibis import _

from churn_pipeline.dataset import Column
from churn_pipeline.features.definition import Definition
from churn_pipeline.features.timeline import days_since_epoch


def column_definitions(columns: Mapping[str, Column]) -> list[Definition]:
    """Return one definition a declared column, over a table with `observed_day`.

    Booleans become 0 and 1, dates the days from them to the observation date.
    """
    return [_definition(name, column) for name, column in columns.items()]


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


def _definition(name: str, column: Column) -> Definition:
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
            name, days, f"Days since: {words}", unit="days", nullable=column.nullable
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

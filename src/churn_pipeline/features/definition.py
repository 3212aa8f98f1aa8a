"""A feature defined once: the expression that makes it and the words that say what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import ibis
from ibis.common.deferred import Deferred

from churn_pipeline.feature import Feature


@dataclass(frozen=True)
class Definition:
    """One column of `customer_features`.

    Attributes:
        name: Column name.
        value: Expression over the joined table, e.g. `_.amount_90 / _.activity_90`.
        description: One line for people.
        unit: Unit of a number; empty where there is none.
        nullable: Whether a missing value is normal.
        min: Smallest valid number, inclusive; None leaves it open.
        max: Largest valid number, inclusive; None leaves it open.
        type: `number` (float64) or `category` (text).
        allowed: The valid categories; None allows any.
        topic: What it tells of, where several features tell of one thing.
    """

    name: str
    value: Deferred
    description: str
    unit: str = ""
    nullable: bool = False
    min: float | None = None
    max: float | None = None
    type: Literal["number", "category"] = "number"
    allowed: tuple[str, ...] | None = None
    topic: str = ""

    @property
    def feature(self) -> Feature:
        """What downstream knows of the column."""
        return Feature(
            name=self.name,
            type=self.type,
            description=self.description,
            unit=self.unit,
            nullable=self.nullable,
            min=self.min,
            max=self.max,
            allowed=self.allowed,
            topic=self.topic,
        )

    @property
    def column(self) -> Deferred:
        """The named expression: float64 or text."""
        kind = "float64" if self.type == "number" else "string"
        return self.value.cast(kind).name(self.name)


def about(topic: str, definitions: Sequence[Definition]) -> list[Definition]:
    """Return the definitions as several that tell of one thing."""
    return [replace(definition, topic=topic) for definition in definitions]


def number(column: Deferred) -> Deferred:
    """Return a column as float64: Spark divides decimals and integers otherwise."""
    return column.cast("float64")


def ratio(part: Deferred, whole: Deferred) -> Deferred:
    """Return part / whole in float64, null where `whole` is 0."""
    return number(part) / number(whole).nullif(0.0)


def root(variance: Deferred) -> Deferred:
    """Return the square root, 0 where rounding left a little less than 0."""
    return ibis.ifelse(variance < 0, 0.0, variance).sqrt()


def select(
    table: ibis.Table, keys: Sequence[str], definitions: Sequence[Definition]
) -> ibis.Table:
    """Return the keys and one column a definition.

    Raises:
        ValueError: Two definitions have one name, in whatever letter case.
    """
    names = [definition.name for definition in definitions]
    folded = [name.casefold() for name in names]
    twice = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if twice:
        raise ValueError(
            f"expected every feature name once, got {', '.join(twice[:5])} twice; "
            "rename the column in dataset.yml"
        )
    return table.select(*keys, *(definition.column for definition in definitions))

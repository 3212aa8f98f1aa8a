"""Features that are columns as they are: of customers, of a running contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import ibis
from ibis import _

from churn_pipeline.features.definition import Definition
from churn_pipeline.features.timeline import days_since_epoch
from churn_pipeline.tables import Column


@dataclass(frozen=True)
class OwnColumns:
    """The declared columns of a table that a model uses or reports are sliced by.

    On the way they stand under names with a blank (`customers amount`), which no
    column has that is computed: whatever a company calls its columns, none replaces
    another.

    Attributes:
        source: `customers` or `contracts`.
        declared: The table's declared columns, used or not.
        past_only: Whether a date after the observation date is null. Rows of the
            customers of an event log have no date on which they became known and
            stand at every observation date as they are now: a later date would tell
            what had not happened yet.
    """

    source: str
    declared: Mapping[str, Column]
    past_only: bool = False

    @property
    def needed(self) -> dict[str, Column]:
        """The declared columns that are a feature or reported by."""
        return {
            name: column
            for name, column in self.declared.items()
            if column.feature or column.segment or column.sensitive
        }

    def inner(self, name: str) -> str:
        """Return the name under which a declared column stands beside others."""
        return f"{self.source} {name}"

    def of(self, table: ibis.Table) -> dict[str, ibis.Value]:
        """Return the needed columns of the typed table by their inner names."""
        return {self.inner(name): table[name] for name in self.needed}

    def features(self) -> list[Definition]:
        """Return the columns that the model may use, over a table of inner names.

        Booleans become 0 and 1, dates the days from them to `observed_day`.
        """
        used = {name: c for name, c in self.needed.items() if c.feature}
        return [replace(self._definition(n, c), topic=c.topic) for n, c in used.items()]

    def reported(self) -> list[Definition]:
        """Return the columns that are reported by and never used by the model."""
        return [self._definition(n, c) for n, c in self.needed.items() if not c.feature]

    def segments(self) -> tuple[str, ...]:
        """Return the names of the columns by which metrics are reported."""
        return tuple(name for name, column in self.needed.items() if column.segment)

    def sensitive(self) -> tuple[str, ...]:
        """Return the names of the columns by which fairness is reported."""
        return tuple(name for name, column in self.needed.items() if column.sensitive)

    def _definition(self, name: str, column: Column) -> Definition:
        """Return a declared column as a feature."""
        words = column.description or name.replace("_", " ")
        value = _[self.inner(name)]
        if column.type == "category":
            return Definition(
                name,
                value,
                words,
                nullable=column.nullable,
                type="category",
                allowed=column.allowed,
            )
        if column.type in {"date", "datetime"}:
            days = _.observed_day - days_since_epoch(value)
            past = ibis.ifelse(days >= 0, days, ibis.null("int32"))
            return Definition(
                name,
                past if self.past_only else days,
                f"Days since: {words}",
                unit="days",
                nullable=column.nullable or self.past_only,
                min=0 if self.past_only else None,
            )
        if column.type == "boolean":
            flag = value.cast("int8")
            return Definition(name, flag, words, nullable=column.nullable, min=0, max=1)
        return Definition(
            name,
            value,
            words,
            unit=column.unit,
            nullable=column.nullable,
            min=column.min,
            max=column.max,
        )


def columns_of_contracts(declared: Mapping[str, Column]) -> OwnColumns:
    """Return the columns of the running contract, which a customer may not have."""
    nullable = {
        name: column.model_copy(update={"nullable": True})
        for name, column in declared.items()
    }
    return OwnColumns("contracts", nullable)

"""Which raw column becomes which typed column of a table."""

from __future__ import annotations

from typing import NamedTuple

from churn_pipeline.dataset import ColumnLabel, Dataset
from churn_pipeline.tables import Column, Contracts, Customers, Table, Transactions

TABLES = ("customers", "transactions", "contracts")
_ID = Column(type="category", nullable=False)
_TEXT = Column(type="category")
_NUMBER = Column(type="number")


class Field(NamedTuple):
    """One typed column.

    Attributes:
        name: Its name after validation.
        raw: The raw column that it is read from.
        column: How the cells are read and what is valid.
        is_dated: Whether it holds dates: one far from the column's others is invalid.
    """

    name: str
    raw: str
    column: Column
    is_dated: bool = False


def fields_of(table: Table) -> tuple[Field, ...]:
    """Return the typed columns that are read from a table's raw columns."""
    roles: list[Field] = []
    if table.customer_id is not None:
        roles.append(Field("customer_id", table.customer_id, _ID))
    if isinstance(table, Customers):
        roles += _dates(("start_date", table.start_date, True))
    elif isinstance(table, Transactions):
        roles += _transaction_roles(table)
    elif isinstance(table, Contracts):
        roles += _dates(
            ("start_date", table.start_date, False),
            ("end_date", table.end_date, True),
            ("cancelled_at", table.cancelled_at, True),
            ("known_at", table.known_at, True),
        )
    own = [
        Field(name, name, column, column.type in ("date", "datetime"))
        for name, column in table.columns.items()
    ]
    return (*roles, *own)


def cell_name(field: Field) -> str:
    """Return the name under which a field's present cell stands beside the raw ones."""
    return f"_cell {field.name}"


def value_name(field: Field) -> str:
    """Return the name under which a field's typed value stands beside the raw ones."""
    return f"_value {field.name}"


def label_of(dataset: Dataset, table: Table) -> ColumnLabel | None:
    """Return the label rule where the label stands in a column of this table."""
    is_customers = isinstance(table, Customers)
    return dataset.label if is_customers and dataset.label.rule == "column" else None


def raw_columns_of(table: Table, label: ColumnLabel | None = None) -> tuple[str, ...]:
    """Return every raw column that must be there, in the order of declaration."""
    names = [field.raw for field in fields_of(table)]
    names += list(table.unique)
    if isinstance(table, Transactions):
        names += list(table.cancelled_if_starts_with)
    if label is not None:
        names.append(label.column)
    return tuple(dict.fromkeys(names))


def table_of(dataset: Dataset, name: str) -> Table | None:
    """Return the description of a table by its name, None where there is no table."""
    found: Table | None = getattr(dataset.tables, name)
    return found


def _transaction_roles(table: Transactions) -> list[Field]:
    moment = Column(type="datetime", nullable=False)
    roles = [Field("event_time", table.time, moment, True)]
    if table.known_at:
        known = Column(type="datetime")
        roles.append(Field("known_at", table.known_at, known, True))
    others = (
        ("order_id", table.order_id, _TEXT),
        ("amount", table.amount, _NUMBER),
        ("quantity", table.quantity, _NUMBER),
        ("kind", table.kind, _TEXT),
    )
    return roles + [Field(name, raw, column) for name, raw, column in others if raw]


def _dates(*roles: tuple[str, str | None, bool]) -> list[Field]:
    return [
        Field(name, raw, Column(type="date", nullable=nullable), True)
        for name, raw, nullable in roles
        if raw
    ]

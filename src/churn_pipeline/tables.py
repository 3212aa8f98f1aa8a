"""The tables of a data set: the roles and types of their columns.

Tables after validation have canonical column names, whatever the raw ones were:

- `customers`: `customer_id`, `start_date` (may be absent), one column a feature and,
  of a snapshot, `label` (float64: 1 churned, 0 stayed);
- `transactions`: `customer_id`, `event_time`, `known_at`, `order_id`, `amount`,
  `kind`, `is_cancelled` and the declared columns;
- `contracts`: `customer_id`, `start_date`, `end_date`, `cancelled_at`, `known_at`
  and the declared feature columns.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from churn_pipeline.params import Params

ColumnType = Literal["integer", "number", "boolean", "category", "date", "datetime"]


class Column(Params):
    """One column that carries meaning of its own (a feature or the label).

    Attributes:
        type: How the text of a cell is read.
        description: One line for people, shown in reports and in the HTTP contract.
        unit: Unit of a number ("months", "EUR"); empty where there is none.
        nullable: Whether a missing value is normal. Where False, a row without a
            value is rejected.
        min: Smallest valid number, inclusive; None leaves it open.
        max: Largest valid number, inclusive; None leaves it open.
        date_format: How its dates are written; None: as the table's are.
        allowed: The valid categories. None allows any; a category outside of the
            list rejects the row.
        sensitive: Whether fairness is reported by this column.
        segment: Whether metrics are reported by this column.
        feature: Whether the model may use the column. Of contracts, features and
            reports take the value of the term that runs at the observation date; of
            transactions, columns are checked and are no features: `counted_kinds`
            of `feature_engineering` counts events by `kind`.
        topic: What it tells of, where several columns tell of one thing: the reasons
            for a churn probability then name one of them. Empty: of itself alone.
    """

    type: ColumnType
    description: str = ""
    unit: str = ""
    nullable: bool = True
    min: float | None = None
    max: float | None = None
    date_format: str | None = None
    allowed: tuple[str, ...] | None = None
    sensitive: bool = False
    segment: bool = False
    feature: bool = True
    topic: str = ""

    @model_validator(mode="after")
    def _bounds_fit_the_type(self) -> Column:
        if self.allowed is not None and self.type != "category":
            raise ValueError(
                f"`allowed` is for columns of type category, got type {self.type}; "
                "use `min` and `max`, or change the type"
            )
        is_bounded = self.min is not None or self.max is not None
        if is_bounded and self.type not in ("integer", "number"):
            raise ValueError(
                f"`min` and `max` are for columns of numbers, got type {self.type}; "
                "leave them out, or change the type"
            )
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"expected min <= max, got {self.min} > {self.max}")
        return self


class Table(Params):
    """A raw table: which columns play which role, and which are ignored.

    Role values are raw column names; None says that the table has no such column.
    """

    reserved: ClassVar[frozenset[str]] = frozenset({"customer_id"})
    """Names after validation that a column of its own meaning cannot take."""

    customer_id: str | None
    """None, of a snapshot only: the number of the row names the customer."""
    columns: dict[str, Column] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    """Columns that together name a row once; a repetition is rejected."""
    missing: tuple[str, ...] = ("NA", "N/A", "NaN", "NULL", "None")
    """Cells that mean "no value", in any letter case, beside blank ones. A category
    that lists such a word in `allowed` keeps it as a value."""
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " "] = ""
    """What stands between groups of three digits, e.g. "," in 1,234.50."""
    date_format: str | None = None
    """How dates are written, e.g. "%d/%m/%Y %H:%M"; None: 2024-01-31 [12:30[:00]]."""
    allow_anonymous: bool = False
    """Whether rows without a customer are normal (guest purchases): rejected and
    counted, but not held against `max_rejected_share`."""

    signs: tuple[str, ...] = ()
    """What may stand before or behind a number and is no part of it: $, EUR, %."""

    @property
    def taken_names(self) -> frozenset[str]:
        """Names that no column of this table can take, with the roles that it has."""
        return self.reserved

    @model_validator(mode="after")
    def _names_are_free(self) -> Table:
        taken = [name for name in self.columns if name.casefold() in self.taken_names]
        if taken:
            raise ValueError(
                f"expected columns of other names than {sorted(self.taken_names)}, "
                f"which the tables after validation use, got {taken}; list them under "
                "`ignore`, or rename them in the file"
            )
        return self


class Customers(Table):
    """One row a customer. In a snapshot it also carries the label column."""

    reserved: ClassVar[frozenset[str]] = frozenset(
        {"customer_id", "start_date", "observation_date", "label", "split", "fold"}
    )

    start_date: str | None = None

    @property
    def taken_names(self) -> frozenset[str]:
        """Names that no column can take: `start_date` is free where it has no role."""
        free = frozenset({"start_date"} if self.start_date is None else ())
        return self.reserved - free


class Transactions(Table):
    """One row an event (a purchase, an invoice line, a call)."""

    reserved: ClassVar[frozenset[str]] = frozenset(
        {
            "customer_id",
            "event_time",
            "known_at",
            "order_id",
            "amount",
            "kind",
            "is_cancelled",
        }
    )

    time: str
    known_at: str | None = None
    """When the company knew of the event; None: at `time`."""
    order_id: str | None = None
    """Rows with one order id are one purchase; None: each row is one."""
    amount: str | None = None
    """Money of a row, or of one piece where `quantity` is given; None: 1 a row."""
    quantity: str | None = None
    kind: str | None = None
    """Column that tells kinds of event apart; None: every row is activity."""
    activity_kinds: tuple[str, ...] | None = None
    """Kinds that count as activity (and as purchases); None: all."""
    cancelled_if_starts_with: dict[str, str] = Field(default_factory=dict)
    """Raw column -> prefix that marks a cancellation, e.g. InvoiceNo: C."""

    @model_validator(mode="after")
    def _columns_are_only_checked(self) -> Transactions:
        used = [
            name
            for name, column in self.columns.items()
            if column.feature or column.segment or column.sensitive
        ]
        if used:
            raise ValueError(
                "expected columns of transactions with `feature: false` and without "
                "`segment` and `sensitive`, for a customer has many transactions and "
                f"no one value of them, got {used}; set `feature: false` to have the "
                "cells checked, or list them under `ignore`; events are counted by "
                "`kind` where `feature_engineering.counted_kinds` names it"
            )
        return self


class Contracts(Table):
    """One row a contract term, several a customer over time."""

    reserved: ClassVar[frozenset[str]] = frozenset(
        {
            "customer_id",
            "start_date",
            "end_date",
            "cancelled_at",
            "known_at",
            "observation_date",
            "label",
            "split",
            "fold",
        }
    )

    start_date: str
    end_date: str
    cancelled_at: str | None = None
    known_at: str | None = None


class Tables(Params):
    """The tables that a company has; None says that it has no such table."""

    customers: Customers | None = None
    transactions: Transactions | None = None
    contracts: Contracts | None = None

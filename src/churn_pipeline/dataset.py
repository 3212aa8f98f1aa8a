"""What a data set is: its name, its tables, and how churn is told (its label).

One data set is one Kedro environment. `conf/<name>/dataset.yml` holds what these
models describe; nothing about a particular data set is written in Python.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, model_validator

from churn_pipeline.params import Params
from churn_pipeline.tables import Tables

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class ColumnLabel(Params):
    """The label stands in a column of the snapshot."""

    rule: Literal["column"]
    column: str
    positive: str
    negative: str | None = None
    """The other value; None takes every other value as the negative."""
    expected_rate: float | None = Field(None, gt=0, lt=1)
    """Share of positives to expect; data whose share is nearer to 1 - it stop the
    run, for the label is then likely inverted."""


class InactivityLabel(Params):
    """Churn = no purchase within the horizon (non-contractual customers)."""

    rule: Literal["inactivity"]
    lead_time_days: int = Field(0, ge=0)
    horizon_days: int = Field(ge=1)


class ContractEndLabel(Params):
    """Churn = the subscription ended within the horizon (contractual customers).

    Customers without a contract at the observation date follow the inactivity rule.
    """

    rule: Literal["contract_end"]
    lead_time_days: int = Field(0, ge=0)
    horizon_days: int = Field(ge=1)


Label = Annotated[
    ColumnLabel | InactivityLabel | ContractEndLabel, Field(discriminator="rule")
]


class Dataset(Params):
    """A data set: name, shape, tables and label rule (`params:dataset`).

    Attributes:
        name: Folder name under each data layer and of the registered model.
        shape: `snapshot` (one row a customer, label given) or `events`.
        currency: Printed beside money.
        snapshot_date: Observation date of a snapshot.
        max_rejected_share: Share of a table's rows, 0 to 1, above which bad rows
            stop the run.
        tables: The raw tables.
        label: How churn is told.
    """

    name: Name
    shape: Literal["snapshot", "events"]
    currency: str = "EUR"
    snapshot_date: dt.date | None = None
    max_rejected_share: float = Field(0.05, ge=0, le=1)
    tables: Tables
    label: Label

    @model_validator(mode="after")
    def _shape_fits(self) -> Dataset:
        if self.shape == "snapshot":
            if self.tables.customers is None or self.snapshot_date is None:
                raise ValueError(
                    "a snapshot needs `tables.customers` and `snapshot_date`"
                )
            if self.label.rule != "column":
                raise ValueError(
                    f"a snapshot needs the label rule column, got {self.label.rule}"
                )
            named = {self.label.column, self.tables.customers.customer_id}
            if clash := sorted(named & set(self.tables.customers.columns)):  # type: ignore[type-var]
                raise ValueError(
                    f"the label and the customer's id cannot be features, got {clash} "
                    "under `columns`; remove them there"
                )
        elif self.tables.transactions is None:
            raise ValueError("a data set of events needs `tables.transactions`")
        elif any(
            table is not None and table.customer_id is None
            for table in (
                self.tables.customers,
                self.tables.transactions,
                self.tables.contracts,
            )
        ):
            raise ValueError("a data set of events needs each table's `customer_id`")
        elif self.label.rule == "column":
            raise ValueError(
                "a data set of events needs the label rule inactivity or contract_end"
            )
        return self

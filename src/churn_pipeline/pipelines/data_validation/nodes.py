"""Nodes of the pipeline `data_validation`."""

from __future__ import annotations

from typing import Any

import ibis

from churn_pipeline.dataset import Dataset
from churn_pipeline.validation.columns import check_columns, raw_columns
from churn_pipeline.validation.fields import TABLES, label_of, table_of
from churn_pipeline.validation.params import DataValidation
from churn_pipeline.validation.report import quality_report, stop_if_bad
from churn_pipeline.validation.rows import accepted, check_rows, rejected
from churn_pipeline.validation.tables import (
    customers_of_events,
    empty_checked,
    raw_types,
)
from churn_pipeline.validation.today import last_believed_day

__all__ = [
    "TABLES",
    "accept_tables",
    "check_tables",
    "collect_rejected_rows",
    "report_data_quality",
]


def check_tables(
    raw_customers: ibis.Table | None,
    raw_transactions: ibis.Table | None,
    raw_contracts: ibis.Table | None,
    dataset: Dataset,
    today: str,
) -> dict[str, Any]:
    """Return the checked tables, and the raw columns as they came.

    Args:
        raw_customers: Raw rows, None where there is no such table.
        raw_transactions: As above.
        raw_contracts: As above.
        dataset: What the columns mean.
        today: ISO date; events dated later have not happened and are rejected.

    Raises:
        DataValidationError: If a declared column is missing.
    """
    given = (raw_customers, raw_transactions, raw_contracts)
    found: dict[str, Any] = {}
    columns: dict[str, Any] = {}
    last = last_believed_day(today)
    for name, raw in zip(TABLES, given, strict=True):
        table = table_of(dataset, name)
        if table is None or raw is None:
            found[name] = empty_checked(name)
            continue
        new = check_columns(name, raw_columns(raw), table, label_of(dataset, table))
        columns[name] = {"types": raw_types(raw), "new": list(new)}
        found[name] = check_rows(raw, table, dataset, today=last)
    return found | {"raw_columns": columns}


def collect_rejected_rows(
    customers: ibis.Table, transactions: ibis.Table, contracts: ibis.Table
) -> ibis.Table:
    """Return every bad row: `table`, `row`, `reasons` and `original` (JSON text)."""
    tables = zip(TABLES, (customers, transactions, contracts), strict=True)
    return ibis.union(*(rejected(checked, name) for name, checked in tables))


def report_data_quality(
    *,
    customers: ibis.Table,
    transactions: ibis.Table,
    contracts: ibis.Table,
    raw_columns: dict[str, Any],
    last_profile: dict[str, Any] | None,
    dataset: Dataset,
    data_validation: DataValidation,
    today: str,
) -> dict[str, Any]:
    """Return what accepting turns on (`quality`), and what people look at.

    `report` has the counts, columns and findings of all checked tables, `page` and
    the plots show it; `quality` has the findings, and the profile that later runs
    compare with. One node makes them all: where the data stop a run at the next one,
    the page that tells why is there.

    Args:
        customers: Checked rows.
        transactions: Checked rows.
        contracts: Checked rows.
        raw_columns: Per table, raw types and columns that are not declared.
        last_profile: Profile of the last accepted run, None before the first.
        dataset: What the columns mean.
        data_validation: What stops a run, what warns.
        today: ISO date, the day of the run.
    """
    from churn_pipeline.pipelines.data_validation.figures import (
        draw_missing,
        draw_rejected,
    )
    from churn_pipeline.pipelines.data_validation.page import write_page

    checked = dict(zip(TABLES, (customers, transactions, contracts), strict=True))
    found = quality_report(checked, raw_columns, last_profile, dataset, data_validation)
    shown = {"tables": found["tables"], "findings": found["findings"]}
    decides = {"findings": found["findings"], "profile": found["profile"]}
    is_first = last_profile is None
    return {
        "quality": decides,
        "report": shown,
        "page": write_page(shown, dataset.name, today=today, is_first=is_first),
        "rejected_plot": draw_rejected(shown),
        "missing_plot": draw_missing(shown),
    }


def accept_tables(
    customers: ibis.Table,
    transactions: ibis.Table,
    contracts: ibis.Table,
    quality: dict[str, Any],
    dataset: Dataset,
) -> dict[str, Any]:
    """Return the typed tables of good rows, and the profile that later runs meet.

    A pure event log has the customers of its transactions, who start with their
    first one.

    Raises:
        DataValidationError: If there is a finding that stops the run.
    """
    stop_if_bad(quality)
    events = accepted(transactions)
    people = accepted(customers)
    if dataset.tables.customers is None:
        people = customers_of_events(events)
    return {
        "customers": people,
        "transactions": events,
        "contracts": accepted(contracts),
        "data_profile": quality["profile"],
    }

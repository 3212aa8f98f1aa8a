"""Whole tables: those that a company does not have, and those made of others."""

from __future__ import annotations

from typing import cast

import ibis
import ibis.expr.types as ir

from churn_pipeline.validation.columns import raw_columns

_ROLES = {
    "customers": {"customer_id": "string", "start_date": "date"},
    "transactions": {
        "customer_id": "string",
        "event_time": "timestamp",
        "known_at": "timestamp",
        "order_id": "string",
        "amount": "float64",
        "kind": "string",
        "is_cancelled": "boolean",
    },
    "contracts": {
        "customer_id": "string",
        "start_date": "date",
        "end_date": "date",
        "cancelled_at": "date",
        "known_at": "date",
    },
}


def empty_checked(name: str) -> ir.Table:
    """Return a checked table of no rows, with the role columns of a kind of table."""
    own = {"_row": "int64", "_reasons": "array<string>", "_original": "string"}
    return ibis.memtable([], schema=ibis.schema(own | _ROLES[name]))


def customers_of_events(events: ir.Table) -> ir.Table:
    """Return one row a customer of the events; `start_date` is the first event's."""
    first = events["event_time"].min().date()
    return cast("ir.Table", events.group_by("customer_id").agg(start_date=first))


def raw_types(raw: ir.Table) -> dict[str, str]:
    """Return the type of each raw column by name; "string" in a text file."""
    return {name: str(raw[name].type()) for name in raw_columns(raw)}

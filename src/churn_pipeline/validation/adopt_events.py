"""From the rows of an unknown event log to the files that describe it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir

from churn_pipeline.tables import Transactions
from churn_pipeline.validation.adopted import (
    ASSUMED_CURRENCY,
    Adopted,
    adopted,
    reading,
    style_of,
)
from churn_pipeline.validation.adoption import Proposal
from churn_pipeline.validation.adoption_yaml import (
    CatalogFile,
    catalog_yaml,
    events_yaml,
    features_yaml,
)
from churn_pipeline.validation.cells import text_of
from churn_pipeline.validation.columns import raw_columns
from churn_pipeline.validation.date_formats import DateFormat, date_format_of
from churn_pipeline.validation.facts import Facts, facts_of

_HALF = 0.5
_FEW_LEVELS = 30
_OBSERVE_DAYS = 30
_ORDER = re.compile(r"invoice|order|receipt|basket|transaction|bill", re.IGNORECASE)
_QUANTITY = re.compile(r"^(quantity|qty|units|menge)$", re.IGNORECASE)
_PRICE = re.compile(r"price|preis", re.IGNORECASE)
_UNDONE = re.compile(r"^(cancel|refund|return|void|storn)", re.IGNORECASE)


@dataclass(frozen=True)
class EventLog:
    """Roles in a table of one row an event."""

    id: str
    time: str
    horizon: int
    amount: str | None = None


def describe_events(
    name: str, raw: ir.Table, roles: EventLog, *, catalog: CatalogFile
) -> Adopted:
    """Return the files that describe a table of one row an event.

    Args:
        name: Of the data set.
        raw: Rows of the file.
        roles: What the person said of the columns.
        catalog: Of the file.

    Raises:
        ValueError: If a named column is not there, or does not hold what it should.
    """
    names = raw_columns(raw)
    style = style_of(raw, [roles.id, roles.time, roles.amount])
    dates = date_format_of(raw, roles.time)
    described = Transactions(
        customer_id=roles.id,
        time=roles.time,
        date_format=dates.form,
        **style.rules(),
    )
    found = facts_of(raw, described, most_levels=_FEW_LEVELS)
    facts = {fact.name: fact for fact in found}
    if roles.amount is not None:
        _check_amount(facts[roles.amount], raw)
    table: dict[str, Any] = {"customer_id": roles.id, "time": roles.time}
    table |= _order(raw, facts, roles) | _amount(names, roles)
    if facts[roles.id].missing:
        table["allow_anonymous"] = (True, "rows without a customer are counted apart")
    table |= reading(style, dates.form)
    proposals = [
        Proposal(other, None, "has no role in the features of events")
        for other in names
        if other not in _used(table)
    ]
    warnings = [*_role_doubts(facts[roles.id], roles, dates)]
    warnings += [*_undone(facts, proposals), ASSUMED_CURRENCY]
    files = {
        "dataset.yml": events_yaml(name, table, proposals, horizon_days=roles.horizon),
        "catalog.yml": catalog_yaml(catalog, "transactions"),
        "parameters_feature_engineering.yml": features_yaml(
            min(_OBSERVE_DAYS, roles.horizon)
        ),
    }
    return adopted(name, files, proposals, warnings, facts[roles.id].rows, style=style)


def _role_doubts(identity: Facts, roles: EventLog, dates: DateFormat) -> Iterator[str]:
    """Yield what to look at in the columns of time and customer."""
    if dates.is_doubtful:
        yield (
            f"`{roles.time}` reads as well with day and month swapped; it was taken "
            f"for {dates.form}: see `date_format` in dataset.yml"
        )
    if identity.missing:
        yield (
            f"{identity.missing:,} of {identity.rows:,} rows have no `{roles.id}`: "
            "they will be rejected, and counted apart"
        )


def _used(table: Mapping[str, Any]) -> set[str]:
    """Return the raw columns that have a role."""
    held = [value[0] if isinstance(value, tuple) else value for value in table.values()]
    return {value for value in held if isinstance(value, str)}


def _order(
    raw: ir.Table, facts: Mapping[str, Facts], roles: EventLog
) -> dict[str, Any]:
    """Return the column of orders and the mark of cancelled ones, where there are."""
    taken = (roles.id, roles.time, roles.amount)
    fitting = [
        name
        for name, fact in facts.items()
        if _ORDER.search(name)
        and name not in taken
        and not fact.is_date
        and fact.distinct > _FEW_LEVELS
    ]
    if not fitting:
        return {}
    order = fitting[0]
    named = {"order_id": (order, "rows of one order are one purchase")}
    return named | _cancellations(raw, order, facts[order])


def _check_amount(facts: Facts, raw: ir.Table) -> None:
    if not facts.is_number:
        examples = raw.limit(3)[facts.name].to_pyarrow().to_pylist()
        raise ValueError(
            f"expected numbers in `{facts.name}` (--amount), got {examples}; write "
            "them as numbers, or name another column"
        )


def _amount(names: Sequence[str], roles: EventLog) -> dict[str, Any]:
    """Return the column of money, and of pieces where the money is of one piece."""
    if roles.amount is None:
        return {}
    quantity = next((name for name in names if _QUANTITY.match(name)), None)
    if quantity is None or not _PRICE.search(roles.amount):
        return {"amount": roles.amount}
    note = "money of a row = amount x quantity"
    return {"amount": roles.amount, "quantity": (quantity, note)}


def _undone(facts: Mapping[str, Facts], proposals: Sequence[Proposal]) -> list[str]:
    """Return a warning of each column without a role that tells of cancellations."""
    warnings = []
    for proposal in proposals:
        for level, share in facts[proposal.name].levels.items():
            if _UNDONE.match(level):
                warnings.append(
                    f"{proposal.name}: `{level}` in {share:.1%} of the rows, which "
                    "count as purchases; if they were undone, add "
                    f'`cancelled_if_starts_with: {{"{proposal.name}": "{level}"}}` '
                    "under `transactions`"
                )
    return warnings


def _cancellations(raw: ir.Table, order: str, facts: Facts) -> dict[str, Any]:
    """Return the mark of cancelled orders where numbers of orders may begin with C."""
    if not facts.is_text:
        return {}
    text = text_of(raw[order])
    row = raw.aggregate(c=text.re_search(r"^[Cc][0-9]+$").sum()).to_pyarrow()
    marked = row.to_pylist()[0]["c"] or 0
    is_some = 0 < marked < _HALF * facts.there
    if not is_some or marked + facts.numbers < _HALF * facts.there:
        return {}
    note = f"{marked:,} rows are cancellations"
    return {"cancelled_if_starts_with": ({order: "C"}, note)}

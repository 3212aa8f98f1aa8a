"""From the rows of an unknown file to the files that describe it as a data set."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir

from churn_pipeline.dataset import Customers, Table, Transactions
from churn_pipeline.validation.adoption import (
    MOST_ALLOWED,
    Proposal,
    propose,
    with_label,
    with_segments,
)
from churn_pipeline.validation.adoption_yaml import (
    catalog_yaml,
    events_yaml,
    features_yaml,
    snapshot_yaml,
)
from churn_pipeline.validation.cells import text_of
from churn_pipeline.validation.columns import raw_columns
from churn_pipeline.validation.facts import (
    Facts,
    date_format_of,
    decimal_of,
    facts_of,
)
from churn_pipeline.validation.leaks import auc_alone

_SAMPLE = 20_000
_FEWEST_OF_A_CLASS = 50
_HALF = 0.5
_REPEATED = 0.05
_ORDER = re.compile(r"invoice|order|receipt|basket|transaction|bill", re.IGNORECASE)
_QUANTITY = re.compile(r"^(quantity|qty|units|menge)$", re.IGNORECASE)
_PRICE = re.compile(r"price|preis", re.IGNORECASE)
_SHOWN = 6


@dataclass(frozen=True)
class Snapshot:
    """Roles in a table of one row a customer."""

    target: str
    positive: str
    id: str | None = None


@dataclass(frozen=True)
class EventLog:
    """Roles in a table of one row an event."""

    id: str
    time: str
    horizon: int
    amount: str | None = None


@dataclass(frozen=True)
class Adopted:
    """A described data set.

    Attributes:
        summary: One line on what was found.
        files: File name -> text, for conf/NAME.
        rows: Column, use and note, for the screen.
        warnings: What a person must look at.
    """

    summary: str
    files: dict[str, str]
    rows: list[tuple[str, str, str]]
    warnings: list[str]


def describe(
    name: str, raw: ir.Table, roles: Snapshot | EventLog, *, filepath: str
) -> Adopted:
    """Return the files that describe raw rows as a data set.

    Args:
        name: Of the data set.
        raw: Rows of the file.
        roles: What the person said of the columns.
        filepath: Of the file, as the catalog is to have it.

    Raises:
        ValueError: If a named column is not there, or does not hold what it should.
    """
    named = [value for key, value in vars(roles).items() if key in _COLUMN_ROLES]
    _check_named([column for column in named if column], raw_columns(raw))
    if isinstance(roles, Snapshot):
        return _describe_snapshot(name, raw, roles, filepath)
    return _describe_events(name, raw, roles, filepath)


_COLUMN_ROLES = ("target", "id", "time", "amount")


def _check_named(named: Sequence[str], there: Sequence[str]) -> None:
    for column in named:
        if column not in there:
            folded = {other.casefold(): other for other in there}
            close = difflib.get_close_matches(column.casefold(), folded, n=1)
            hint = f"; did you mean `{folded[close[0]]}`?" if close else ""
            shown = ", ".join(there[:12]) + (", ..." if len(there) > 12 else "")  # noqa: PLR2004
            raise ValueError(
                f"expected a column `{column}` in the file, got {shown}{hint}"
            )


def _describe_snapshot(
    name: str, raw: ir.Table, roles: Snapshot, filepath: str
) -> Adopted:
    decimal = decimal_of(raw)
    reading = Customers(customer_id=roles.id, decimal=decimal)
    label = _label(raw, roles)
    facts = _features_of(raw, reading, {roles.id, roles.target})
    proposals = _told(raw, facts, roles, reading)
    warnings = _label_warnings(label, raw.count().to_pyarrow().as_py())
    table: dict[str, Any] = {}
    if roles.id is None:
        table["customer_id"] = (None, "no id column: the number of the row, from 1")
        warnings.append(
            "no --id: a customer is named by the number of the row (1 is the first), "
            "in scored files too"
        )
    else:
        table["customer_id"] = roles.id
        table["unique"] = ([roles.id], "a repetition is rejected, the first row kept")
        warnings += _repeated(raw, roles.id)
    table |= _reading(decimal, None)
    files = {
        "dataset.yml": snapshot_yaml(
            name,
            table,
            _label_block(roles, label),
            proposals,
            snapshot_date=dt.datetime.now(tz=dt.UTC).date().isoformat(),
        ),
        "catalog.yml": catalog_yaml(filepath, "customers"),
    }
    return _adopted(name, files, proposals, warnings, label["rows"])


def _describe_events(
    name: str, raw: ir.Table, roles: EventLog, filepath: str
) -> Adopted:
    decimal = decimal_of(raw)
    date_format = date_format_of(raw, roles.time)
    names = raw_columns(raw)
    reading = Transactions(
        customer_id=roles.id, time=roles.time, decimal=decimal, date_format=date_format
    )
    table: dict[str, Any] = {"customer_id": roles.id, "time": roles.time}
    order = next((n for n in names if _ORDER.search(n) and n != roles.id), None)
    facts = {fact.name: fact for fact in facts_of(raw, reading, most_levels=1)}
    if order is not None and order not in (roles.time, roles.amount):
        table["order_id"] = (order, "rows of one order are one purchase")
        table |= _cancellations(raw, order, facts[order])
    if roles.amount:
        table["amount"] = roles.amount
        quantity = next((n for n in names if _QUANTITY.match(n)), None)
        if quantity and _PRICE.search(roles.amount):
            table["quantity"] = (quantity, "money of a row = amount x quantity")
    warnings = []
    if facts[roles.id].missing:
        table["allow_anonymous"] = (True, "rows without a customer are counted apart")
        warnings.append(
            f"{facts[roles.id].missing:,} of {facts[roles.id].rows:,} rows have no "
            f"`{roles.id}`: they will be rejected, and counted apart"
        )
    table |= _reading(decimal, date_format)
    held = [value[0] if isinstance(value, tuple) else value for value in table.values()]
    used = {value for value in held if isinstance(value, str)}
    proposals = [
        Proposal(other, None, "has no role in the features of events")
        for other in names
        if other not in used
    ]
    files = {
        "dataset.yml": events_yaml(name, table, proposals, horizon_days=roles.horizon),
        "catalog.yml": catalog_yaml(filepath, "transactions"),
        "parameters_feature_engineering.yml": features_yaml(min(30, roles.horizon)),
    }
    return _adopted(name, files, proposals, warnings, facts[roles.id].rows)


def _label(raw: ir.Table, roles: Snapshot) -> dict[str, Any]:
    """Return the label's values with their rows, and the positive as it is written.

    Raises:
        ValueError: If the positive value is not there, or is the only one.
    """
    text = text_of(raw[roles.target])
    counts = raw.group_by(value=text).agg(n=raw.count())
    found = counts.order_by(counts["n"].desc()).limit(1000).to_pyarrow()
    pairs = zip(found["value"].to_pylist(), found["n"].to_pylist(), strict=True)
    every = {value or "": n for value, n in pairs}
    blank = {"", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"}
    values = {value: n for value, n in every.items() if value not in blank}
    shown = ", ".join(f"`{value}`" for value in list(values)[:_SHOWN])
    same = [v for v in values if v.lower() == roles.positive.strip().lower()]
    if not same:
        close = difflib.get_close_matches(roles.positive, list(values), n=1)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        raise ValueError(
            f"expected the value `{roles.positive}` (--positive) in `{roles.target}`, "
            f"got {shown or 'blank cells only'}{hint}"
        )
    if len(values) == 1:
        raise ValueError(
            f"expected customers who left and customers who stayed in "
            f"`{roles.target}`, got {shown} alone; bring rows of both"
        )
    others = [value for value in values if value != same[0]]
    return {
        "positive": same[0],
        "others": others,
        "rate": values[same[0]] / sum(values.values()),
        "positives": values[same[0]],
        "missing": sum(every.values()) - sum(values.values()),
        "rows": sum(every.values()),
    }


def _label_block(roles: Snapshot, label: dict[str, Any]) -> dict[str, Any]:
    block: dict[str, Any] = {
        "column": roles.target,
        "positive": (label["positive"], "this value means that the customer left"),
    }
    if len(label["others"]) == 1:
        block["negative"] = (label["others"][0], "any third value rejects its row")
    rate = round(label["rate"], 4)
    if 0 < rate < 1:
        note = "share who left; a share nearer to 1 - it stops the run as inverted"
        block["expected_rate"] = (rate, note)
    return block


def _label_warnings(label: dict[str, Any], rows: int) -> list[str]:
    warnings = []
    if label["rate"] > _HALF:
        warnings.append(
            f"{label['rate']:.1%} have `{label['positive']}`: more leave than stay. Is "
            "--positive the value of those who left?"
        )
    if label["missing"]:
        warnings.append(
            f"{label['missing']:,} of {rows:,} rows have no label and will be rejected"
        )
    if len(label["others"]) > 1:
        shown = ", ".join(f"`{value}`" for value in label["others"][:_SHOWN])
        warnings.append(f"all other values count as stayed: {shown}")
    if min(label["positives"], rows - label["positives"]) < _FEWEST_OF_A_CLASS:
        warnings.append(
            f"only {label['positives']:,} of {rows:,} rows have "
            f"`{label['positive']}`: too few of a kind to learn and to test well"
        )
    return warnings


def _features_of(raw: ir.Table, table: Table, roles: set[str | None]) -> list[Facts]:
    facts = facts_of(raw, table, most_levels=MOST_ALLOWED)
    return [fact for fact in facts if fact.name not in roles]


def _told(
    raw: ir.Table, facts: Sequence[Facts], roles: Snapshot, table: Customers
) -> list[Proposal]:
    """Return the proposals, knowing what each column alone tells of the label."""
    sample = raw.order_by(raw["_row"].hash()).limit(_SAMPLE).to_pandas()
    label = sample[roles.target].astype(str).str.strip().str.lower()
    positive = label == roles.positive.strip().lower()
    proposals = []
    for fact in facts:
        proposal = propose(fact)
        if fact.name.casefold() in table.reserved:
            note = "a name that the tables after validation use; rename the column"
            proposal = Proposal(fact.name, None, note, is_warning=True)
        if proposal.column is not None:
            column = sample[fact.name]
            if fact.is_number and fact.is_text:
                column = _numbers(column, table.decimal)
            auc = auc_alone(column, positive.astype(float))
            proposal = with_label(proposal, auc, roles.target)
        proposals.append(proposal)
    return with_segments(proposals)


def _numbers(column: Any, decimal: str) -> Any:
    import pandas as pd

    return pd.to_numeric(column.str.replace(decimal, "."), errors="coerce")


def _repeated(raw: ir.Table, identity: str) -> list[str]:
    rows = raw.count().to_pyarrow().as_py()
    different = raw[identity].nunique().to_pyarrow().as_py()
    repeated = rows - different
    if repeated <= 0:
        return []
    hint = ""
    if repeated > _REPEATED * rows:
        hint = "; more than a run allows: is this an event log (--time, --horizon)?"
    return [f"{repeated:,} of {rows:,} rows repeat an id or have none{hint}"]


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


def _reading(decimal: str, date_format: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if decimal != ".":
        found["decimal"] = (decimal, "how numbers are written")
    if date_format is not None:
        found["date_format"] = (date_format, "how dates are written")
    return found


def _adopted(
    name: str,
    files: dict[str, str],
    proposals: Sequence[Proposal],
    warnings: list[str],
    rows: int,
) -> Adopted:
    shown = []
    for proposal in proposals:
        column = proposal.column
        use: str = "ignored" if column is None else column.type
        if column is not None and not column.feature:
            use = "not used"
        shown.append((proposal.name, use, proposal.note))
        if proposal.is_warning:
            warnings.append(f"{proposal.name}: {proposal.note} ({use})")
    summary = f"{name}: {rows:,} rows, {len(proposals)} columns without a role"
    return Adopted(summary, files, shown, warnings)

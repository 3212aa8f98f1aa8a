"""From the rows of an unknown file, one a customer, to the files that describe it."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir

from churn_pipeline.tables import Column, Customers, Table
from churn_pipeline.validation.adopted import (
    ASSUMED_CURRENCY,
    Adopted,
    adopted,
    reading,
    style_of,
)
from churn_pipeline.validation.adoption import (
    MOST_ALLOWED,
    Proposal,
    propose,
    with_label,
    with_segments,
)
from churn_pipeline.validation.adoption_yaml import (
    CatalogFile,
    catalog_yaml,
    snapshot_yaml,
)
from churn_pipeline.validation.cells import text_of, value_of
from churn_pipeline.validation.facts import Facts, facts_of
from churn_pipeline.validation.leaks import auc_alone
from churn_pipeline.validation.today import day_of

_SAMPLE = 20_000
_FEWEST_OF_A_CLASS = 50
_FEWEST_ROWS = 1000  # a test split of a fifth then has the gate's usual 200 rows
_HALF = 0.5
_REPEATED = 0.05
_SHOWN = 6
_NUMBER = Column(type="number")


@dataclass(frozen=True)
class Snapshot:
    """Roles in a table of one row a customer."""

    target: str
    positive: str
    id: str | None = None
    date: str | None = None


def describe_snapshot(
    name: str, raw: ir.Table, roles: Snapshot, *, catalog: CatalogFile
) -> Adopted:
    """Return the files that describe a table of one row a customer.

    Args:
        name: Of the data set.
        raw: Rows of the file.
        roles: What the person said of the columns.
        catalog: Of the file.

    Raises:
        ValueError: If a named column is not there, or does not hold what it should.
    """
    style = style_of(raw, [roles.target, roles.id])
    described = Customers(customer_id=roles.id, **style.rules())
    label = _label(raw, roles)
    facts = _features_of(raw, described, {roles.id, roles.target})
    proposals = _told(raw, facts, label["positive"], roles, described)
    warnings = _label_warnings(label, raw.count().to_pyarrow().as_py())
    if not any(proposal.column and proposal.column.feature for proposal in proposals):
        warnings.append(
            "no column is left that the model may use: see the notes in dataset.yml"
        )
    table, doubts = _identity(raw, roles.id)
    day = _date(roles.date)
    warnings += doubts
    if roles.date is None:
        warnings.append(
            f"snapshot_date: today, {day}, was taken; set the day on which the rows "
            "were taken in dataset.yml"
        )
    warnings.append(ASSUMED_CURRENCY)
    table |= reading(style)
    files = {
        "dataset.yml": snapshot_yaml(
            name,
            table,
            _label_block(roles, label),
            proposals,
            snapshot_date=day,
        ),
        "catalog.yml": catalog_yaml(catalog, "customers"),
    }
    return adopted(name, files, proposals, warnings, label["rows"], style=style)


def _date(text: str | None) -> str:
    """Return the ISO date of the rows, today where none is said.

    Raises:
        ValueError: It is not an ISO date.
    """
    if text is None:
        return day_of(None).isoformat()
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ValueError(
            f"expected --date to be a date such as 2026-07-01, got {text!r}"
        ) from error


def _identity(raw: ir.Table, name: str | None) -> tuple[dict[str, Any], list[str]]:
    """Return what names a customer, and what to look at in it."""
    if name is None:
        key = (None, "no id column: the number of the row, from 1")
        doubt = (
            "no --id: a customer is named by the number of the row (1 is the first), "
            "in scored files too"
        )
        return {"customer_id": key}, [doubt]
    unique = ([name], "a repetition is rejected, the first row kept")
    return {"customer_id": name, "unique": unique}, _repeated(raw, name)


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
    same = [value for value in values if _is_alike(value, roles.positive.strip())]
    if not same:
        close = difflib.get_close_matches(roles.positive, list(values), n=1)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        raise ValueError(
            f"expected the value `{roles.positive}` (--positive) in `{roles.target}`, "
            f"got {shown or 'blank cells only'}{hint}"
        )
    if len({value.lower() for value in values}) == 1:
        raise ValueError(
            f"expected customers who left and customers who stayed in "
            f"`{roles.target}`, got {shown} alone; bring rows of both"
        )
    # As validation does: `True` in one export and `TRUE` in another are one value.
    others = {v.lower(): v for v in reversed(values) if v.lower() != same[0].lower()}
    positives = sum(n for v, n in values.items() if v.lower() == same[0].lower())
    return {
        "positive": same[0],
        "others": list(reversed(others.values())),
        "rate": positives / sum(values.values()),
        "positives": positives,
        "missing": sum(every.values()) - sum(values.values()),
        "rows": sum(every.values()),
    }


def _is_alike(value: str, other: str) -> bool:
    """Return whether two texts are the same value: letter case aside, 1.0 as 1."""
    try:
        return float(value) == float(other)
    except ValueError:
        return value.lower() == other.lower()


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
    if rows < _FEWEST_ROWS:
        warnings.append(
            f"{rows:,} rows are few: the gate refuses a model that is tested on fewer "
            "than 200 rows, a fifth of 1,000; bring more rows, or set `test` of "
            "`split` (parameters_feature_engineering.yml) and `min_rows` "
            "(parameters_evaluation.yml)"
        )
    return warnings


def _features_of(raw: ir.Table, table: Table, roles: set[str | None]) -> list[Facts]:
    facts = facts_of(raw, table, most_levels=MOST_ALLOWED)
    return [fact for fact in facts if fact.name not in roles]


def _told(
    raw: ir.Table,
    facts: Sequence[Facts],
    positive: str,
    roles: Snapshot,
    table: Customers,
) -> list[Proposal]:
    """Return the proposals, knowing what each column alone tells of the label."""
    proposals = [_proposed(fact, table) for fact in facts]
    used = [place for place, found in enumerate(proposals) if found.column is not None]
    picked = raw.order_by(raw["_row"].hash()).limit(_SAMPLE)
    text = text_of(picked[roles.target]).lower()
    is_positive = (text == positive.lower()).fill_null(False)
    # Named by their places: a name of the file may be any.
    cells = {f"c{place}": _cell(picked, facts[place], table) for place in used}
    sample = picked.select(label=is_positive.cast("float64"), **cells).to_pandas()
    for place in used:
        auc = auc_alone(sample[f"c{place}"], sample["label"])
        proposals[place] = with_label(proposals[place], auc, roles.target)
    return with_segments(proposals)


def _proposed(fact: Facts, table: Customers) -> Proposal:
    if fact.name.casefold() in table.taken_names:
        note = "a name that the tables after validation use; rename the column"
        return Proposal(fact.name, None, note, is_warning=True)
    return propose(fact)


def _cell(raw: ir.Table, fact: Facts, table: Customers) -> ir.Value:
    """Return a column as what it is taken for: numbers that are text as numbers."""
    cell = raw[fact.name]
    is_number = fact.is_number and fact.is_text
    return value_of(text_of(cell), table, _NUMBER) if is_number else cell


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

"""The data quality report: counts that add up, profiles, findings; and the stop."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import ibis.expr.types as ir

from churn_pipeline.dataset import ColumnLabel, Dataset
from churn_pipeline.tables import Table
from churn_pipeline.validation.changes import column_changes
from churn_pipeline.validation.errors import DataValidationError
from churn_pipeline.validation.examples import (
    reasons_of,
    rejected_examples,
    unknown_labels,
)
from churn_pipeline.validation.fields import label_of, table_of
from churn_pipeline.validation.findings import (
    Finding,
    change_findings,
    column_findings,
    label_findings,
    monthly_size_findings,
)
from churn_pipeline.validation.leaks import leak_findings
from churn_pipeline.validation.params import DataValidation
from churn_pipeline.validation.profile import table_profile
from churn_pipeline.validation.rows import accepted
from churn_pipeline.validation.shape import column_shapes
from churn_pipeline.validation.twins import twin_findings

logger = logging.getLogger(__name__)

_SHOWN = 12  # findings and reasons on the screen


def quality_report(
    checked: Mapping[str, ir.Table],
    raw_columns: Mapping[str, Any],
    last_profile: Mapping[str, Any] | None,
    dataset: Dataset,
    parameters: DataValidation,
) -> dict[str, Any]:
    """Return the report on the checked tables of a data set.

    Args:
        checked: Table name -> rows of `churn_pipeline.validation.rows.check_rows`.
        raw_columns: Table name -> `types` and `new` of the raw columns; a table
            that is not there is one that the company does not have.
        last_profile: `profile` of the last accepted report, or None.
        dataset: What the columns mean.
        parameters: What stops a run.

    Returns:
        `tables` (name -> `rows`, `accepted`, `rejected`, `reasons` with counts,
        `examples` of the most frequent ones, and the profile's `columns`, each with
        its `shape` and what `changed`), `findings` and `profile`.
    """
    tables: dict[str, Any] = {}
    profile: dict[str, Any] = {}
    findings: list[Finding] = []
    for name, columns in raw_columns.items():
        counts = row_counts(checked[name])
        found = table_profile(accepted(checked[name]))
        profile[name] = found | {"raw": {"types": columns["types"]}}
        last = (last_profile or {}).get(name)
        tables[name] = counts | {
            "examples": rejected_examples(checked[name], list(counts["reasons"])),
            "columns": _shown_columns(checked[name], found, last),
        }
        table = table_of(dataset, name)
        if table is not None:
            findings += share_findings(name, counts, table, dataset)
            findings += _table_findings(
                name, checked[name], columns, found, last, dataset, parameters
            )
    findings += _orphan_findings(checked, raw_columns)
    looked_at = [_looked_at(finding, parameters) for finding in findings]
    for finding in looked_at:
        if finding.level == "warn":
            logger.warning("%s: %s", finding.key, finding.message)
    return {
        "tables": tables,
        "findings": [finding.model_dump() for finding in looked_at],
        "profile": profile,
    }


def row_counts(checked: ir.Table) -> dict[str, Any]:
    """Return how many rows came, are accepted and are rejected, and why.

    Returns:
        `rows` = `accepted` + `rejected`, and `reasons`: text -> rows, the most
        frequent first. A row with two reasons counts for both.
    """
    bad = checked["_reasons"].length() > 0
    row = checked.aggregate(rows=checked.count(), rejected=bad.sum())
    counts = row.to_pyarrow().to_pylist()[0]
    rejected = counts["rejected"] or 0
    reason = reasons_of(checked)
    kinds = reason.group_by("kind").agg(rows=reason.count())
    ordered = kinds.order_by(kinds["rows"].desc(), kinds["kind"]).to_pyarrow()
    return {
        "rows": counts["rows"],
        "accepted": counts["rows"] - rejected,
        "rejected": rejected,
        "reasons": dict(
            zip(ordered["kind"].to_pylist(), ordered["rows"].to_pylist(), strict=True)
        ),
    }


def share_findings(
    name: str, counts: Mapping[str, Any], table: Table, dataset: Dataset
) -> Iterator[Finding]:
    """Yield a stop where more rows are bad than the data set allows, or all are."""
    anonymous = 0
    if table.allow_anonymous:
        anonymous = counts["reasons"].get(f"{table.customer_id}: missing", 0)
    rows, held = counts["rows"], counts["rejected"] - anonymous
    if not rows or held <= dataset.max_rejected_share * (rows - anonymous):
        return
    reasons = list(counts["reasons"].items())[:_SHOWN]
    lines = "".join(f"\n    {count:,} x {reason}" for reason, count in reasons)
    yield Finding(
        level="stop",
        where=name,
        check="rejected share",
        message=f"expected at most {dataset.max_rejected_share:.1%} bad rows, got "
        f"{held:,} of {rows:,} ({held / rows:.1%}); see rejected_rows for each, "
        "correct the file or what dataset.yml says of these columns; reasons:"
        f"{lines}",
    )


def stop_if_bad(report: Mapping[str, Any]) -> None:
    """Raise where a report holds a finding that stops a run.

    Raises:
        DataValidationError: With the findings that stop, at most one screen.
    """
    findings = [Finding(**finding) for finding in report["findings"]]
    stops = [finding for finding in findings if finding.level == "stop"]
    # A label that is read wrongly is why its rows are rejected.
    stops.sort(key=lambda finding: finding.check != "classes")
    if not stops:
        return
    lines = [f"- {finding.key}: {finding.message}" for finding in stops[:_SHOWN]]
    if len(stops) > _SHOWN:
        lines.append(f"- ... and {len(stops) - _SHOWN} more, see data_quality_page")
    raise DataValidationError(
        f"the data stop this run for {len(stops)} reason(s):\n" + "\n".join(lines)
    )


def _shown_columns(
    checked: ir.Table, profile: Mapping[str, Any], last: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the profile of each column with its shape, and what changed of it."""
    shapes = column_shapes(checked)
    before = last["columns"] if last else {}
    return {
        name: column
        | {
            "shape": shapes.get(name, []),
            "changed": column_changes(
                column,
                before[name],
                rows=profile["rows"],
                rows_before=last["rows"],
            )
            if last and name in before
            else ["new"] * bool(last),
        }
        for name, column in profile["columns"].items()
    }


def _table_findings(  # noqa: PLR0917
    name: str,
    checked: ir.Table,
    columns: Mapping[str, Any],
    profile: Mapping[str, Any],
    last: Mapping[str, Any] | None,
    dataset: Dataset,
    parameters: DataValidation,
) -> Iterator[Finding]:
    good = accepted(checked)
    yield from column_findings(name, columns, (last or {}).get("raw"))
    if last is not None:
        yield from change_findings(name, profile, last, parameters)
    table = table_of(dataset, name)
    label = label_of(dataset, table) if table is not None else None
    if label is not None and table is not None:
        yield from _label_findings(name, checked, profile, label, last)
        yield from leak_findings(name, good, table, parameters)
        yield from twin_findings(name, good, table, parameters)
    if name == "transactions":
        sizes = _sizes_by_month(good)
        yield from monthly_size_findings(f"{name}.amount", sizes, parameters)


def _label_findings(
    name: str,
    checked: ir.Table,
    profile: Mapping[str, Any],
    label: ColumnLabel,
    last: Mapping[str, Any] | None,
) -> Iterator[Finding]:
    rate = profile["columns"]["label"]["mean"] or 0.0
    last_rate = last["columns"]["label"].get("mean") if last else None
    rows = profile["rows"]
    yield from label_findings(
        name,
        rate,
        label,
        rows=rows,
        last_rate=last_rate,
        unknown=unknown_labels(checked, label.column),
    )


def _sizes_by_month(events: ir.Table) -> dict[str, tuple[int, float | None]]:
    """Return the number and the median size of each month's amounts, in order."""
    active = events.mutate(
        month=events["event_time"].strftime("%Y-%m"),
        size=events["amount"].abs().nullif(0.0),
    )
    months = active.group_by("month").agg(
        count=active["size"].count(), size=active["size"].approx_median()
    )
    rows = months.order_by("month").to_pyarrow().to_pylist()
    return {row["month"]: (row["count"], row["size"]) for row in rows}


def _orphan_findings(
    checked: Mapping[str, ir.Table], present: Iterable[str]
) -> Iterator[Finding]:
    """Yield a warning where rows name customers who are not in the customers table."""
    there = set(present)
    if "customers" not in there:
        return
    people = accepted(checked["customers"]).select("customer_id")
    for name in sorted(there - {"customers"}):
        rows = accepted(checked[name])
        lost = rows.anti_join(people, "customer_id")
        found = lost.aggregate(rows=lost.count(), people=lost["customer_id"].nunique())
        (counts,) = found.to_pyarrow().to_pylist()
        if counts["rows"]:
            yield Finding(
                level="warn",
                where=name,
                check="unknown customers",
                message=f"expected rows of known customers, got {counts['rows']:,} "
                f"rows of {counts['people']:,} customers who are not in the customers "
                "table or were rejected there; the model learns from them and scores "
                "them, the columns of customers missing; correct the customers table "
                "if it should know them",
            )


def _looked_at(finding: Finding, parameters: DataValidation) -> Finding:
    if finding.key in parameters.accepted:
        return finding.model_copy(update={"level": "accepted"})
    return finding

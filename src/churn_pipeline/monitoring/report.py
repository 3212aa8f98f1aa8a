"""The drift report: the verdict in words, the numbers behind it, and the drawings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from churn_pipeline.evaluation.page import fill
from churn_pipeline.monitoring.drift import ColumnDrift
from churn_pipeline.monitoring.verdict import NOTHING_NEWER, DriftVerdict, first_names

MAX_COLUMNS = 40
"""Columns in the table; the JSON verdict has all."""

_TEMPLATE = Path(__file__).with_name("report.html")


def drift_report(verdict: DriftVerdict, *, dataset: str, drawings: str) -> str:
    """Return the drift report as one HTML page that can be read by itself.

    Args:
        verdict: What was found.
        dataset: Name of the data set.
        drawings: Evidently's page, which is shown in a frame; empty for none.
    """
    compared = verdict.verdict != NOTHING_NEWER
    columns = sorted(verdict.columns, key=lambda c: (c.drifted, c.effect), reverse=True)
    return fill(
        _TEMPLATE,
        v=verdict,
        dataset=dataset,
        compared=compared,
        drifted=first_names(verdict.drifted),
        not_judged=first_names(verdict.not_judged),
        rows=[_row(column) for column in (verdict.prediction, *columns[:MAX_COLUMNS])],
        more=max(0, len(columns) - MAX_COLUMNS),
        drawings=drawings,
    )


def _row(column: ColumnDrift) -> dict[str, Any]:
    """Return what the table says of a column."""
    outcome = "drifted" if column.drifted else "as before"
    return {
        "column": column,
        "outcome": outcome if column.judged else "cannot be judged",
        "was": _in_short(column, column.reference),
        "now": _in_short(column, column.current, like=column.reference),
    }


def _in_short(
    column: ColumnDrift, summary: dict[str, float], like: dict[str, float] | None = None
) -> str:
    """Return a number's median, or the share of what was a category's first level."""
    if column.kind == "number":
        return f"{summary['median']:,.4g}" if "median" in summary else "missing"
    levels = [name for name in (like or summary) if name.startswith("share of ")]
    if not levels:
        return "missing"
    level = levels[0]
    return f"{summary.get(level, 0.0):.0%} {level.removeprefix('share of ')}"

"""The drift report: the verdict in words, the numbers behind it, and the drawings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.page import fill
from churn_pipeline.monitoring.drift import ColumnDrift
from churn_pipeline.monitoring.evidently_verdict import EvidentlyVerdict
from churn_pipeline.monitoring.history import Watch
from churn_pipeline.monitoring.verdict import NOTHING_NEWER, DriftVerdict, first_names

MAX_COLUMNS = 40
"""Columns in the table; the JSON verdict has all."""
FIRST_COLUMNS = 12
"""Columns that fit a screen; the others unfold."""
MAX_WINDOWS = 12
"""Windows that are shown, the newest last."""
MAX_ROWS = 12
"""Rows of each other table."""

_TEMPLATE = Path(__file__).with_name("report.html")


def drift_report(
    verdict: DriftVerdict,
    *,
    evidently: EvidentlyVerdict,
    history: Sequence[Watch],
    dataset: Dataset,
    drawings: str,
) -> str:
    """Return the drift report as one HTML page that can be read by itself.

    Args:
        verdict: What was found.
        evidently: What Evidently says by its own tests.
        history: What was watched before.
        dataset: Its name and its currency.
        drawings: Evidently's page, which is shown in a frame; empty for none.
    """
    compared = verdict.verdict != NOTHING_NEWER
    columns = sorted(verdict.columns, key=lambda c: (c.drifted, c.effect), reverse=True)
    listed = (verdict.prediction, *columns[:MAX_COLUMNS])
    rows = [_row(column, evidently) for column in listed]
    return fill(
        _TEMPLATE,
        v=verdict,
        dataset=dataset.name,
        currency=dataset.currency,
        compared=compared,
        drifted=first_names(verdict.drifted),
        not_judged=first_names(verdict.not_judged),
        first=rows[:FIRST_COLUMNS],
        rest=rows[FIRST_COLUMNS:],
        more=max(0, len(columns) - MAX_COLUMNS),
        evidently=evidently,
        max_rows=MAX_ROWS,
        windows=_windows(verdict, history),
        drawings=drawings,
    )


def _row(column: ColumnDrift, evidently: EvidentlyVerdict) -> dict[str, Any]:
    """Return what the table says of a column."""
    outcome = "drifted" if column.drifted else "as before"
    return {
        "column": column,
        "outcome": outcome if column.judged else "cannot be judged",
        "was": _in_short(column, column.reference),
        "now": _in_short(column, column.current, like=column.reference),
        "other": evidently.columns.get(column.name),
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


def _windows(verdict: DriftVerdict, history: Sequence[Watch]) -> dict[str, Any]:
    """Return what drifted in which of the last windows, the oftenest first.

    Returns:
        `dates`, the newest last, and `rows`: a name and, for each date, whether it
        drifted; None where it was not judged.
    """
    now = verdict.watch()
    earlier = [
        watch
        for watch in history
        if watch.model_version == now.model_version and watch.date < now.date
    ]
    shown = [*earlier[1 - MAX_WINDOWS :], now]
    names = dict.fromkeys(
        name
        for watch in reversed(shown)
        for name, moved in (watch.columns | watch.others).items()
        if moved.drifted
    )
    told = [(name, [_of(watch, name) for watch in shown]) for name in names]
    told.sort(key=lambda row: sum(bool(drifted) for drifted in row[1]), reverse=True)
    return {"dates": [watch.date for watch in shown], "rows": told[:MAX_ROWS]}


def _of(watch: Watch, name: str) -> bool | None:
    """Return whether something drifted in a window; None where it was not judged."""
    moved = (watch.columns | watch.others).get(name)
    return None if moved is None else moved.drifted

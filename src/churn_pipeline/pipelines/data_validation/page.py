"""The data quality page: the report of the data quality, for people to look at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from churn_pipeline.evaluation import svg
from churn_pipeline.evaluation.page import drawn, fill
from churn_pipeline.validation.changes import said, share_missing

_TEMPLATE = Path(__file__).with_name("page.html")
_COLUMNS = 100  # of a table on the page, those with something to tell first
_LINES = 30  # findings, and reasons of a table
_LEVELS = 3
_BARS = 12
_TEXT = 60  # characters of a name
_MESSAGE = 500  # characters of a finding
_KINDS = {
    "string": "text",
    "int64": "whole number",
    "float64": "number",
    "boolean": "yes or no",
    "timestamp": "date and time",
}


def write_page(
    report: Mapping[str, Any], name: str, *, today: str, is_first: bool
) -> str:
    """Return the data quality page, one HTML file.

    Args:
        report: See `churn_pipeline.validation.report.quality_report`.
        name: Name of the data set.
        today: ISO date, the day of the run.
        is_first: Whether there are no earlier data to compare with.
    """
    findings = sorted(report["findings"], key=_weight)
    told = {finding["where"] for finding in findings}
    return fill(
        _TEMPLATE,
        name=name,
        today=today,
        is_first=is_first,
        stops=[one["where"] for one in findings if one["level"] == "stop"][:_LINES],
        findings=[
            one | {"message": _cut(one["message"], _MESSAGE)}
            for one in findings[:_LINES]
        ],
        more_findings=max(0, len(findings) - _LINES),
        tables=[_table(of, table, told) for of, table in report["tables"].items()],
    )


def _weight(finding: Mapping[str, Any]) -> int:
    return ("stop", "warn", "accepted").index(finding["level"])


def _table(name: str, table: Mapping[str, Any], told: set[str]) -> dict[str, Any]:
    columns = [
        _column(column, profile, table["accepted"])
        | {"told": f"{name}.{column}" in told}
        for column, profile in table["columns"].items()
    ]
    # The sort is stable: what has nothing to tell stays in the order of the table.
    first = sorted(columns, key=lambda c: (not c["told"], not c["changed"]))
    shown = columns if len(columns) <= _COLUMNS else first[:_COLUMNS]
    reasons = list(table["reasons"].items())
    return {
        "name": name,
        **{key: table[key] for key in ("rows", "accepted", "rejected")},
        "reasons": [
            {
                "text": _cut(reason, 2 * _TEXT),
                "rows": rows,
                "examples": table["examples"].get(reason, []),
            }
            for reason, rows in reasons[:_LINES]
        ],
        "more_reasons": max(0, len(reasons) - _LINES),
        "columns": shown,
        "n_columns": len(columns),
    }


def _column(name: str, profile: Mapping[str, Any], rows: int) -> dict[str, Any]:
    levels = profile.get("levels") or {}
    heights = profile["shape"] or list(levels.values())[:_BARS]
    return {
        "name": _cut(name, _TEXT),
        "type": _KINDS.get(profile["type"].partition("(")[0], profile["type"]),
        "missing": share_missing(profile, rows),
        "holds": _holds(profile, levels),
        "shape": drawn(svg.tiny_bars(heights)) if heights else "",
        "changed": [_cut(text, _TEXT) for text in profile["changed"]],
    }


def _holds(profile: Mapping[str, Any], levels: Mapping[str, float]) -> str:
    """Return what the values are: the range, or the most frequent ones."""
    if levels:
        first = list(levels.items())[:_LEVELS]
        shown = [f"{_cut(level, _TEXT // 2)} {share:.0%}" for level, share in first]
        more = max(profile.get("distinct") or 0, len(levels)) - len(first)
        return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")
    if profile.get("min") is not None:
        mean = profile.get("mean")
        tail = "" if mean is None else f", mean {said(mean)}"
        return f"{said(profile['min'])} to {said(profile['max'])}{tail}"
    if profile.get("distinct"):
        return f"{profile['distinct']:,} different"
    return "-"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"

"""Bias: whether groups of a sensitive column are treated much unlike the others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from churn_pipeline.release.review.finding import Finding
from churn_pipeline.release.review.limits import BiasLimits

_GAPS = {
    "selection_rate": ("selection_rate_gap", "called"),
    "true_positive_rate": ("true_positive_rate_gap", "leavers found"),
    "calibration": ("calibration_gap", "expected less true churn"),
}
"""Limit -> column of the gap, and what it is in words."""
_TODO = (
    "look at this group in the model card; leave the column, or what stands for it, "
    "out of the features (`feature: false`), or have a named approver decide"
)


def check_bias(
    fairness: Sequence[Mapping[str, Any]], limits: BiasLimits
) -> list[Finding]:
    """Return a check for each sensitive column; one that says so where there is none.

    Args:
        fairness: A row a group: `column`, `group`, `n_rows`, `small`, and the gaps,
            each with `_low` and `_high`, as `fairness_by_group` returns them.
        limits: How far a group may be from the others.
    """
    if not fairness:
        found = "no column is declared sensitive"
        return [Finding(name="bias", outcome="not applicable", found=found)]
    parts = groupby(fairness, key=lambda row: str(row["column"]))
    return [_column(name, list(rows), limits) for name, rows in parts]


def _column(name: str, rows: list[Mapping[str, Any]], limits: BiasLimits) -> Finding:
    title = f"bias: {name}"
    large = [row for row in rows if not row["small"]]
    small = [f"{row['group']} ({row['n_rows']:,})" for row in rows if row["small"]]
    few = f"too few rows to judge: {', '.join(small)}" if small else ""
    if len(large) < 1:
        return Finding(name=title, outcome="not applicable", found=few)
    beyond = [said for row in large for said in _beyond(row, limits)]
    widest = "; ".join(_widest(large))
    told = "; ".join(beyond) if beyond else f"no group surely too far: {widest}"
    return Finding(
        name=title,
        outcome="failed" if beyond else "passed",
        found="; ".join(filter(None, (told, few))),
        todo=_TODO if beyond else "",
        evidence=dict(_figures(rows)),
    )


def _beyond(row: Mapping[str, Any], limits: BiasLimits) -> Iterator[str]:
    """Yield the gaps of a group whose whole interval lies beyond the limit."""
    for name, (gap, words) in _GAPS.items():
        limit = getattr(limits, name)
        low, high = row[f"{gap}_low"], row[f"{gap}_high"]
        if limit is not None and (low > limit or high < -limit):
            yield f"{row['group']}: {words} {_spread(row, gap)}, limit {limit:g}"


def _widest(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the largest gap of each kind, and whose it is."""
    for gap, words in _GAPS.values():
        known = [row for row in rows if math.isfinite(row[gap])]
        if known:
            row = max(known, key=lambda row: abs(row[gap]))
            yield f"{words} {_spread(row, gap)} of {row['group']}"


def _spread(row: Mapping[str, Any], gap: str) -> str:
    return f"{row[gap]:+.3f} ({row[f'{gap}_low']:+.3f} to {row[f'{gap}_high']:+.3f})"


def _figures(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, float]]:
    """Yield every gap with its ends by name; JSON has no NaN."""
    for row in rows:
        yield f"{row['group']}: rows", float(row["n_rows"])
        for gap, _ in _GAPS.values():
            for name in (gap, f"{gap}_low", f"{gap}_high"):
                if math.isfinite(row[name]):
                    yield f"{row['group']}: {name}", float(row[name])

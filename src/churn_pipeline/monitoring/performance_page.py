"""The performance report as a page: the verdict, months, segments, and the record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.page import drawn, fill
from churn_pipeline.monitoring.history import Watch
from churn_pipeline.monitoring.page import pack_scripts
from churn_pipeline.monitoring.performance_figures import (
    SHOWN,
    performance_overview,
    segment_figure,
)
from churn_pipeline.monitoring.performance_report import PerformanceReport

_TEMPLATE = Path(__file__).with_name("performance.html")
MAX_SEGMENTS = 40
_TYPED = '<script type="text/javascript">'
"""As plotly begins a script; what has attributes is not packed."""


def performance_page(
    report: PerformanceReport, *, history: Sequence[Watch], dataset: Dataset
) -> str:
    """Return the performance report as one HTML page that can be read by itself.

    Args:
        report: The verdict.
        history: What was estimated and realised before, of every champion.
        dataset: Its name and its currency.
    """
    figures = [performance_overview(report)] if report.cohorts else []
    figures += [segment_figure(report)] if report.by_segment else []
    charts = [
        figure.to_html(full_html=False, include_plotlyjs=at == 0, div_id=f"chart{at}")
        for at, figure in enumerate(figures)
    ]
    page = fill(
        _TEMPLATE,
        r=report,
        dataset=dataset.name,
        currency=dataset.currency,
        shown=SHOWN,
        charts=[drawn(chart) for chart in charts],
        held=held_so_far(history),
        max_segments=MAX_SEGMENTS,
    )
    return pack_scripts(page.replace(_TYPED, "<script>"))


def held_so_far(history: Sequence[Watch]) -> dict[str, tuple[int, int]]:
    """Return how often estimates held what became true, of every champion.

    Args:
        history: Watches with both.

    Returns:
        Metric -> how often its interval held the realised value, and of how many.
    """
    found = {}
    for name in SHOWN:
        pairs = [
            (watch.estimated[f"{name}_low"], watch.estimated[f"{name}_high"], true)
            for watch in history
            if f"{name}_low" in watch.estimated
            and (true := watch.realised.get(name)) is not None
        ]
        if pairs:
            found[name] = (sum(low <= y <= high for low, high, y in pairs), len(pairs))
    return found

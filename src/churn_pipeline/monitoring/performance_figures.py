"""Figures of the performance report: what was estimated beside what became true."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from churn_pipeline.evaluation.figure_style import BLUE, GREYS, ORANGE, RED, style
from churn_pipeline.monitoring.estimate import Measured
from churn_pipeline.monitoring.performance_report import Cohort, PerformanceReport

if TYPE_CHECKING:
    import plotly.graph_objects as go

SHOWN = {
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "churn_rate": "churn rate",
    "profit": "profit a customer",
}
"""Metrics that are drawn, and what they are called."""
_BAND = "rgba(37, 99, 235, 0.16)"
_HALF = dt.timedelta(days=5)
"""To each side of one date alone, as far as its band goes."""
MAX_LEVELS = 24

Point = tuple[dt.date, Measured]


def performance_overview(report: PerformanceReport) -> go.Figure:
    """Return each metric by month: the estimate's band, the labels' points.

    Args:
        report: The verdict; the months of one source are drawn.
    """
    cohorts = report.judged
    return by_month(
        report.in_words,
        estimated=_told(cohorts, lambda cohort: cohort.estimated),
        realised=_told(cohorts, lambda cohort: cohort.realised),
        reference=report.reference,
    )


def by_month(
    title: str,
    *,
    estimated: dict[str, list[Point]],
    realised: dict[str, list[Point]],
    reference: dict[str, Measured],
) -> go.Figure:
    """Return a panel a metric of estimates, realised values and the test split's.

    Args:
        title: Of the figure.
        estimated: Metric -> dates and values with intervals, the oldest first.
        realised: The same by the labels.
        reference: Metrics on the test split.
    """
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=2, cols=2, subplot_titles=list(SHOWN.values()))
    for at, name in enumerate(SHOWN):
        place = {"row": at // 2 + 1, "col": at % 2 + 1}
        for trace in _traces(estimated[name], realised[name], first=at == 0):
            figure.add_trace(trace, **place)
        if name in reference:
            line = {"color": GREYS[1], "dash": "dot", "width": 1.5}
            figure.add_hline(y=reference[name].value, line=line, **place)
    style(figure, title)
    told = (*estimated.values(), *realised.values())
    _of_days(figure, {date for points in told for date, _ in points})
    legend, margin = {"orientation": "h", "y": -0.08}, {"t": 110}
    figure.update_layout(height=640, legend=legend, margin=margin)
    return figure


def segment_figure(report: PerformanceReport) -> go.Figure:
    """Return the ROC AUC and the churn rate of each segment's level.

    Args:
        report: The verdict; levels too small to judge have an estimate alone.
    """
    from plotly.subplots import make_subplots

    shown = report.by_segment[:MAX_LEVELS][::-1]
    names = [f"{s.segment}: {s.level}" for s in shown]
    figure = make_subplots(cols=2, shared_yaxes=True, horizontal_spacing=0.04)
    for col, metric in enumerate(("roc_auc", "churn_rate"), start=1):
        for told, colour in (("estimated", BLUE), ("realised", ORANGE)):
            pairs = zip(names, shown, strict=True)
            points = [
                (name, getattr(segment, told)[metric])
                for name, segment in pairs
                if metric in getattr(segment, told)
            ]
            bars = _bars([m for _, m in points], axis="x")
            names_of = [name for name, _ in points]
            trace = _dots(colour, told, first=col == 1)
            figure.add_trace(trace.update(y=names_of, **bars), row=1, col=col)
        figure.update_xaxes(title=SHOWN[metric], row=1, col=col)
    style(figure, "By segment")
    figure.update_layout(height=170 + 24 * len(shown), legend={"y": 1.08})
    figure.update_layout(legend={"orientation": "h"}, scattermode="group")
    return figure


def _traces(
    estimated: Sequence[Point], realised: Sequence[Point], *, first: bool
) -> Iterable[Any]:
    """Return a metric's band, its line and its points."""
    yield _band(estimated, first=first)
    yield _line(estimated, first=first)
    held = {date: m for date, m in estimated}
    for inside, name, colour in (
        (True, "by the labels", ORANGE),
        (False, "by the labels, outside of the estimate", RED),
    ):
        some = [
            (date, m)
            for date, m in realised
            if (date not in held or held[date].holds(m.value)) == inside
        ]
        dots = _dots(colour, name, first=first)
        if some:
            bars = _bars([m for _, m in some], axis="y")
            yield dots.update(x=[date for date, _ in some], **bars)
        elif first:  # for the legend, which leaves out what has no place
            yield dots.update(x=[None], y=[None])


def _band(estimated: Sequence[Point], *, first: bool) -> go.Scatter:
    """Return the intervals of an estimate."""
    import plotly.graph_objects as go

    band = _as_wide_as_seen(estimated)
    return go.Scatter(
        x=[date for date, _ in (*band, *band[::-1])],
        y=[*(m.high for _, m in band), *(m.low for _, m in band[::-1])],
        mode="lines",
        fill="toself",
        fillcolor=_BAND,
        line={"width": 0},
        name="interval of the estimate",
        legendgroup="band",
        showlegend=first,
        hoverinfo="skip",
    )


def _line(estimated: Sequence[Point], *, first: bool) -> go.Scatter:
    """Return the values of an estimate."""
    import plotly.graph_objects as go

    return go.Scatter(
        x=[date for date, _ in estimated],
        y=[m.value for _, m in estimated],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        name="estimated without labels",
        legendgroup="estimated",
        showlegend=first,
    )


def _of_days(figure: go.Figure, dates: Collection[dt.date]) -> None:
    """Give one date alone an axis of days, where one would run over milliseconds."""
    if len(dates) == 1:
        (date,) = dates
        ends = [date - 2 * _HALF, date + 2 * _HALF]
        figure.update_xaxes(range=ends, tickvals=[date], tickformat="%Y-%m-%d")


def _as_wide_as_seen(points: Sequence[Point]) -> Sequence[Point]:
    """Return points, and one alone twice, for a band of no width is not seen."""
    if len(points) != 1:
        return points
    ((date, measured),) = points
    return [(date - _HALF, measured), (date + _HALF, measured)]


def _dots(colour: str, name: str, *, first: bool) -> Any:
    """Return points of a colour, without their places."""
    import plotly.graph_objects as go

    return go.Scatter(
        mode="markers",
        marker={"color": colour, "size": 9},
        name=name,
        legendgroup=name,
        showlegend=first,
    )


def _bars(found: Sequence[Measured], *, axis: str) -> dict[str, Any]:
    """Return values with their intervals, along an axis."""
    ends = {
        "array": [m.high - m.value for m in found],
        "arrayminus": [m.value - m.low for m in found],
        "color": GREYS[1],
        "thickness": 1,
    }
    return {axis: [m.value for m in found], f"error_{axis}": ends}


def _told(
    cohorts: Sequence[Cohort], of: Callable[[Cohort], dict[str, Measured]]
) -> dict[str, list[Point]]:
    """Return the drawn metrics of cohorts, by name."""
    return {
        name: [(c.date, of(c)[name]) for c in cohorts if name in of(c)]
        for name in SHOWN
    }

"""Figures of the drift report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churn_pipeline.monitoring.verdict import DriftVerdict

if TYPE_CHECKING:
    import plotly.graph_objects as go

CALM, ALARM = "#7a8ba3", "#d1495b"
MAX_COLUMNS = 30


def drift_overview(verdict: DriftVerdict) -> go.Figure:
    """Return bars of how far each column moved, with the limit of each.

    Args:
        verdict: The verdict; at most 30 columns are drawn, the drifted ones
            first, and the predictions on top.
    """
    import plotly.graph_objects as go

    shown = [verdict.prediction, *verdict.columns[:MAX_COLUMNS]][::-1]
    names = [column.name for column in shown]
    bars = go.Bar(
        x=[column.effect for column in shown],
        y=names,
        orientation="h",
        marker_color=[ALARM if column.drifted else CALM for column in shown],
        name="moved",
        hovertemplate="%{y}: %{x:.1%} of customers<extra></extra>",
    )
    limits = go.Scatter(
        x=[column.limit for column in shown],
        y=names,
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 14, "color": "black"},
        name="limit",
        hovertemplate="%{y}: limit %{x:.1%}<extra></extra>",
    )
    figure = go.Figure([bars, limits])
    figure.update_layout(
        title=_title(verdict),
        xaxis={"title": "share of customers moved", "tickformat": ".0%"},
        yaxis={"automargin": True, "dtick": 1},
        height=160 + 22 * len(shown),
        template="plotly_white",
        legend={"orientation": "h", "y": 1.02},
    )
    return figure


def _title(verdict: DriftVerdict) -> str:
    """Return the verdict in one line."""
    blind = len(verdict.not_judged)
    return f"{verdict.current_date:%Y-%m-%d}: {verdict.in_words}" + (
        f" {blind} columns cannot be judged." if blind else ""
    )

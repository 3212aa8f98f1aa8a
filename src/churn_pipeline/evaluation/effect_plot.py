"""The figure of what calls bring, from the top of the list down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from churn_pipeline.evaluation.figure_style import BLUE, GREYS, new_figure

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_BAND = "rgba(37, 99, 235, 0.16)"


def effect_plot(title: str, order: Mapping[str, Any] | None, currency: str) -> Figure:
    """Return what calling the first part of a list brings, a customer of the list.

    Args:
        title: Says what was found, or why there is nothing to draw.
        order: `evaluation.qini.Order` as a mapping; None draws axes alone.
        currency: Of the money.
    """
    figure = new_figure(
        title, x="share of the list that is called", y=f"{currency} a listed customer"
    )
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    figure.add_hline(y=0, line={"color": GREYS[1], "width": 1})
    if order is None:
        return figure
    share, profit = order["share"], order["profit"]
    value, low, high = ([at[end] for at in profit] for end in ("value", "low", "high"))
    band = {
        **{"mode": "lines", "line": {"width": 0}},
        **{"hoverinfo": "skip", "showlegend": False},
    }
    figure.add_scatter(x=share, y=high, **band)
    figure.add_scatter(x=share, y=low, fill="tonexty", fillcolor=_BAND, **band)
    figure.add_scatter(
        x=share, y=value, name="called from the top", line={"color": BLUE, "width": 2.5}
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, value[-1]],
        name="called in any order",
        mode="lines",
        line={"color": GREYS[1], "dash": "dot"},
    )
    return figure

"""The one style of all figures: template, colours, and what several of them draw."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Floats = NDArray[np.float64]

INK, GRID = "#1f2937", "#e5e7eb"
BLUE, ORANGE, GREEN, RED = "#2563eb", "#d97706", "#059669", "#dc2626"
GREYS = ("#94a3b8", "#64748b", "#cbd5e1", "#475569")


def new_figure(title: str, *, x: str, y: str) -> Figure:
    """Return an empty figure in the style of all figures."""
    from plotly.graph_objects import Figure

    figure = Figure()
    style(figure, title)
    figure.update_xaxes(title=x)
    figure.update_yaxes(title=y)
    return figure


def style(figure: Figure, title: str) -> None:
    """Give a figure its title and the style of all figures."""
    lines = "<br>".join(textwrap.wrap(title, 74))
    figure.update_layout(
        template="plotly_white",
        title={"text": lines, "font": {"size": 17}, "x": 0.02, "xanchor": "left"},
        font={
            "family": "Helvetica, Arial, sans-serif",
            "color": INK,
            "size": 13,
        },
        margin={"l": 70, "r": 30, "t": 80, "b": 60},
        legend={"bgcolor": "rgba(255,255,255,0.7)"},
        height=460,
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True, ticksuffix=" ")


def diagonal(figure: Figure) -> None:
    """Draw what chance would reach, on axes of shares."""
    line = {"color": GREYS[0], "dash": "dot", "width": 1}
    figure.add_scatter(x=[0, 1], y=[0, 1], line=line, name="chance", mode="lines")
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")


def reference(
    figure: Figure, name: str, *, x: float | None = None, y: float | None = None
) -> None:
    """Draw a dotted line across the figure at one of the two, with its name on it."""
    line = {"color": GREYS[1], "dash": "dot", "width": 1.5}
    note = {"text": name, "font": {"color": GREYS[1]}, "showarrow": False}
    if x is not None:
        figure.add_vline(x=x, line=line)
        figure.add_annotation(
            note, x=x, y=1, yref="paper", xanchor="left", yanchor="bottom", xshift=-4
        )
    if y is not None:
        figure.add_hline(y=y, line=line)
        figure.add_annotation(
            note, x=0, xref="paper", y=y, xanchor="left", yanchor="bottom"
        )


def mark(figure: Figure, x: float, y: float, name: str, colour: str) -> None:
    """Draw one point that is named in the legend."""
    figure.add_scatter(
        x=[x], y=[y], name=name, mode="markers", marker={"size": 12, "color": colour}
    )


def error(value: Floats, low: Floats, high: Floats) -> dict[str, Any]:
    """Return the error bars of values with the ends of their intervals."""
    return {
        "array": high - value,
        "arrayminus": value - low,
        "color": GREYS[1],
        "thickness": 1,
    }

"""The style of the notebooks' figures, and what several of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plotly import express as px
from plotly.graph_objects import layout

from churn_pipeline.evaluation.figure_style import (
    BLUE,
    GREEN,
    GREYS,
    INK,
    ORANGE,
    RED,
)

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

PURPLE = "#7c3aed"

STYLE = layout.Template(
    layout={
        "colorway": [BLUE, ORANGE, GREEN, RED, PURPLE, *GREYS],
        "font": {"color": INK, "size": 13},
        "title": {"x": 0.02, "xanchor": "left", "font": {"size": 17}},
        "legend": {"title": {"text": ""}},
        "margin": {"l": 70, "r": 30, "t": 70, "b": 60},
        "xaxis": {"automargin": True},
        "yaxis": {"automargin": True},
    }
)


def bars(found: pd.DataFrame, *, x: str, y: str, title: str, **more: str) -> Figure:
    """Return lying bars, the longest on top."""
    figure = px.bar(found, x=x, y=y, orientation="h", **more)
    figure.update_yaxes(categoryorder="total ascending", title="", dtick=1)
    return figure.update_layout(title=title, height=200 + 22 * found[y].nunique())


def own_axes(figure: Figure) -> Figure:
    """Give each small figure its own x axis and a plain name."""
    figure.update_xaxes(matches=None, showticklabels=True, title="")
    figure.for_each_annotation(lambda note: note.update(text=note.text.split("=")[-1]))
    return figure

"""Figures of what the model leans on, and of how it does by segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.evaluation.figure_style import (
    BLUE,
    error,
    new_figure,
    reference,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Floats = NDArray[np.float64]


def draw_importance(
    names: Sequence[str], importance: Floats, *, top: int = 20
) -> Figure:
    """Return what the model leans on most.

    Args:
        names: Topics of the features, the most important first.
        importance: float64, mean absolute contribution, log-odds.
        top: How many to show.
    """
    figure = new_figure(
        f"The model leans most on {', '.join(names[:3])}",
        x="move of the log-odds of churn, mean over customers",
        y="",
    )
    shown = slice(min(top, len(names)) - 1, None, -1)
    figure.add_bar(
        x=importance[shown],
        y=list(names)[shown],
        orientation="h",
        marker={"color": BLUE},
    )
    figure.update_layout(height=max(320, 26 * min(top, len(names)) + 130))
    return figure


def draw_segments(rows: Sequence[Mapping[str, Any]], overall: float) -> Figure:
    """Return the ROC AUC of every segment that is large enough, with intervals.

    Args:
        rows: What `measure_slice` returned, with `segment` and `level`.
        overall: ROC AUC of all customers.
    """
    large = [row for row in rows if not row["small"]]
    worst = min(large, key=lambda row: row["roc_auc"], default=None)
    figure = new_figure(
        "No segment is large enough to judge"
        if worst is None
        else f"The model ranks worst in {worst['segment']} {worst['level']}: "
        f"ROC AUC {worst['roc_auc']:.3f} against {overall:.3f} of all",
        x="ROC AUC, with its interval",
        y="",
    )
    reference(figure, "all customers", x=overall)
    for segment in dict.fromkeys(row["segment"] for row in large):
        part = [row for row in large if row["segment"] == segment]
        auc, low, high = (
            np.array([row[f"roc_auc{end}"] for row in part])
            for end in ("", "_low", "_high")
        )
        figure.add_scatter(
            x=auc,
            y=[f"{segment}: {row['level']}" for row in part],
            error_x=error(auc, low, high),
            customdata=[row["n_rows"] for row in part],
            hovertemplate="%{x:.3f}, %{customdata} rows",
            mode="markers",
            marker={"size": 9},
            name=segment,
        )
    figure.update_layout(height=max(320, 30 * len(large) + 150))
    figure.update_yaxes(autorange="reversed")
    return figure

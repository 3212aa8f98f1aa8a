"""Figures of models and scores, each with a title that says what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from plotly import express as px

from churn_pipeline.evaluation.figure_style import BLUE, GREYS, ORANGE
from churn_pipeline.notebook.style import own_axes

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from churn_pipeline.release.reasons import Reason


def draw_learning(curves: Mapping[str, Sequence[float]], reference: float) -> Figure:
    """Return the held-out log loss after each pass over the training rows.

    Args:
        curves: Model -> log loss (nats) a pass.
        reference: Log loss of a logistic regression.
    """
    found = pd.DataFrame({name: pd.Series(curve) for name, curve in curves.items()})
    found.index += 1
    figure = px.line(found, markers=True)
    figure.add_hline(reference, line_dash="dot", annotation_text="logistic regression")
    best = found.min().idxmin()
    return figure.update_layout(
        title=f"The {best} reaches {found[best].min():.4f}, "
        f"a logistic regression {reference:.4f}",
        xaxis_title="pass over the training rows",
        yaxis_title="held-out log loss, nats",
        legend_title="",
    )


def draw_intervals(
    metrics: Mapping[str, float], prefixes: Mapping[str, str], shown: Sequence[str]
) -> Figure:
    """Return some metrics of several models with their intervals.

    Args:
        metrics: Flat metrics with `_low` and `_high`.
        prefixes: Model -> what its metrics' names begin with.
        shown: Names of the metrics.
    """
    ends = {"value": "", "low": "_low", "high": "_high"}
    found = pd.DataFrame(
        [
            {"model": model, "metric": metric}
            | {end: metrics.get(f"{start}{metric}{tail}") for end, tail in ends.items()}
            for model, start in prefixes.items()
            for metric in shown
        ]
    ).astype(dict.fromkeys(ends, float))
    found["up"] = found["high"] - found["value"]
    found["down"] = found["value"] - found["low"]
    figure = px.scatter(
        found.dropna(),
        x="value",
        y="model",
        color="model",
        error_x="up",
        error_x_minus="down",
        facet_col="metric",
        facet_col_wrap=2,
        facet_row_spacing=0.2,
        height=520,
    )
    figure.update_traces(marker_size=11).update_yaxes(title="")
    figure.update_layout(title="On the test split, with intervals", showlegend=False)
    return own_axes(figure)


def draw_decisions(scores: pd.DataFrame, threshold: float) -> Figure:
    """Return how the customers' churn probabilities spread, and whom to call.

    Args:
        scores: `churn_scores`.
        threshold: Lowest probability that is called.
    """
    called = int((scores["decision"] == "call").sum())
    figure = px.histogram(
        scores,
        x="churn_probability",
        color="decision",
        nbins=60,
        color_discrete_map={"call": ORANGE, "no_call": BLUE, "gone": GREYS[0]},
    )
    figure.add_vline(
        threshold, line_dash="dash", annotation_text=f"threshold {threshold:.3f}"
    )
    figure.update_xaxes(title="churn probability", tickformat=".0%")
    figure.update_yaxes(title="customers")
    return figure.update_layout(
        title=f"{called:,} of {len(scores):,} customers to call"
    )


def draw_reasons(reasons: Sequence[Reason], probability: float) -> Figure:
    """Return what raises and lowers one customer's churn probability.

    Args:
        reasons: Of the customer, the weightiest first.
        probability: The customer's churn probability, in [0, 1].
    """
    shown = ["text", "contribution", "direction"]
    found = pd.DataFrame([vars(reason) for reason in reasons], columns=shown)
    figure = px.bar(
        found,
        x="contribution",
        y="text",
        color="direction",
        color_discrete_map={"raises": ORANGE, "lowers": BLUE},
        category_orders={"text": found["text"].tolist()},
        height=180 + 34 * len(found),
    )
    figure.update_yaxes(title="", dtick=1)
    figure.update_xaxes(title="contribution to the log-odds of churn")
    return figure.update_layout(title=f"Why this customer's risk is {probability:.0%}")


def draw_agreement(here: ArrayLike, there: ArrayLike) -> Figure:
    """Return the same customers' probabilities from two places against each other."""
    x, y = np.asarray(there), np.asarray(here)
    apart = float(np.abs(x - y).max())
    figure = px.scatter(x=x, y=y, opacity=0.5, width=560, height=520)
    figure.update_xaxes(title="batch scores", tickformat=".0%")
    figure.update_yaxes(title="this notebook", tickformat=".0%")
    return figure.update_layout(title=f"Largest difference {apart:.1g}")

"""Figures of an evaluation, each with a title that says what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.evaluation.curves import (
    CalibrationBins,
    Curves,
    calibration_bins,
    curves,
    thin,
)
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.figure_style import (
    BLUE,
    GREEN,
    GREYS,
    ORANGE,
    diagonal,
    error,
    mark,
    new_figure,
    reference,
    style,
)
from churn_pipeline.evaluation.profit import ProfitCurve, profit_curve

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """What the figures are drawn from.

    Attributes:
        label: float64, (n,), 1 churned, 0 stayed.
        models: Name -> float64, (n,), churn probability; the first is the one judged,
            `champion` and `true hazard` are drawn in colours of their own.
        metrics: Metric -> value, with the ends of intervals.
        value: float64, (n,), money that each customer is worth.
        decision: Costs and values.
        currency: Printed beside money.
    """

    label: Floats
    models: Mapping[str, Floats]
    metrics: Mapping[str, float]
    value: Floats
    decision: Decision
    currency: str

    @property
    def threshold(self) -> float:
        """Lowest probability that is contacted, of a customer of the usual value."""
        return float(self.metrics["threshold"])

    @property
    def probability(self) -> Floats:
        """The probabilities of the model that is judged."""
        return next(iter(self.models.values()))

    @cached_property
    def curves(self) -> Curves:
        """Its curves, for the figures and the model card alike."""
        return curves(self.label, self.probability)

    @cached_property
    def bins(self) -> CalibrationBins:
        """Its predicted and observed churn in bins."""
        return calibration_bins(self.label, self.probability)

    @cached_property
    def profit_curve(self) -> ProfitCurve:
        """The profit of contacting so many."""
        given = (self.label, self.probability, self.decision, self.value)
        return profit_curve(*given)


def draw_roc(judged: Judged) -> Figure:
    """Return the share of churners found against that of false alarms."""
    share = judged.metrics.get("share_of_ceiling")
    tail = "" if share is None else f", {share:.0%} of the way to the true hazard"
    figure = new_figure(
        f"ROC AUC {_spread(judged.metrics, 'roc_auc')}{tail}",
        x="share of those who stay that is contacted",
        y="share of churners that is contacted",
    )
    diagonal(figure)
    return _curves(
        figure, judged, lambda c: (c.false_positive_rate, c.recall), key="roc_auc"
    )


def draw_precision_recall(judged: Judged) -> Figure:
    """Return how many of those contacted churn, against the churners found."""
    rate = judged.metrics["churn_rate"]
    gain = judged.metrics["average_precision"] / rate if rate else float("nan")
    spread = _spread(judged.metrics, "average_precision")
    figure = new_figure(
        f"Average precision {spread}, {gain:.1f} times that of chance",
        x="share of churners that is contacted (recall)",
        y="churners per customer contacted (precision)",
    )
    reference(figure, f"everybody: {rate:.1%} churn", y=rate)
    figure.update_xaxes(tickformat=".0%")
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    return _curves(
        figure, judged, lambda c: (c.recall, c.precision), key="average_precision"
    )


def draw_gains(judged: Judged) -> Figure:
    """Return the share of churners found by contacting so many customers."""
    tenth = judged.metrics["top_decile_lift"] / 10
    figure = new_figure(
        f"The likeliest tenth of the customers holds {tenth:.0%} of the churners",
        x="share of customers contacted, the likeliest churners first",
        y="share of churners among them",
    )
    diagonal(figure)
    reference(figure, "a tenth", x=0.1)
    return _curves(figure, judged, lambda c: (c.share, c.recall))


def draw_calibration(judged: Judged) -> Figure:
    """Return the observed churn of customers who were given about one probability."""
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=2,
        cols=1,
        shared_xaxes=True,
        row_heights=[0.78, 0.22],
        vertical_spacing=0.06,
    )
    top = float(
        min(1.0, 1.1 * max(judged.bins.predicted.max(), judged.bins.high.max()))
    )
    _add_observed(figure, judged, top)
    counts, edges = np.histogram(judged.probability, bins=60, range=(0, top))
    middles = (edges[1:] + edges[:-1]) / 2
    figure.add_bar(x=middles, y=counts, marker={"color": GREYS[0]}, row=2, col=1)
    apart = 100 * judged.metrics["calibration_error"]
    style(
        figure, f"Predicted and observed churn differ by {apart:.1f} points on average"
    )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(tickformat=".0%")
    figure.update_xaxes(title="predicted churn probability", row=2, col=1)
    figure.update_yaxes(title="observed churn", tickformat=".0%", row=1, col=1)
    figure.update_yaxes(title="rows", row=2, col=1)
    return figure


def _add_observed(figure: Figure, judged: Judged, top: float) -> None:
    """Draw the observed shares with their intervals, and where they would agree."""
    bins = judged.bins
    figure.add_scatter(
        x=[0, top],
        y=[0, top],
        mode="lines",
        line={"color": GREYS[0], "dash": "dot"},
        row=1,
        col=1,
    )
    figure.add_scatter(
        x=bins.predicted,
        y=bins.observed,
        error_y=error(bins.observed, bins.low, bins.high),
        mode="markers+lines",
        line={"color": BLUE, "width": 1},
        marker={"size": 8},
        customdata=bins.count,
        hovertemplate="predicted %{x:.3f}, observed %{y:.3f}, %{customdata} rows",
        row=1,
        col=1,
    )
    figure.add_annotation(
        x=0.9 * top,
        y=0.9 * top,
        text="as predicted",
        showarrow=False,
        xanchor="right",
        yanchor="bottom",
        font={"color": GREYS[1]},
    )


def draw_profit(judged: Judged) -> Figure:
    """Return the profit of contacting so many customers, with the chosen share."""
    curve = judged.profit_curve
    earned = judged.metrics["profit"]
    best = judged.metrics["profit_at_top_of_curve"]
    money = judged.currency
    figure = new_figure(
        f"Contacting {judged.metrics['contacted_share']:.0%} of the customers earns "
        f"{money} {earned:,.2f} a customer; the top here is {best:,.2f}",
        x="share of customers contacted, the call that earns most first",
        y=f"profit, {money} a customer of all",
    )
    kept = np.unique(np.append(thin(curve.share.size), curve.profit.argmax()))
    figure.add_scatter(
        x=curve.share[kept],
        y=curve.profit[kept],
        name="profit",
        line={"color": BLUE, "width": 2.5},
        customdata=curve.threshold[kept],
        hovertemplate="%{x:.1%} contacted from %{customdata:.3f} on: %{y:,.2f}",
    )
    figure.add_hline(y=0, line={"color": GREYS[0], "dash": "dot"})
    top = int(curve.profit.argmax())
    mark(figure, judged.metrics["contacted_share"], earned, "the threshold", ORANGE)
    mark(figure, curve.share[top], curve.profit[top], "top on these rows", GREEN)
    figure.update_xaxes(tickformat=".0%")
    return figure


def draw_scores(judged: Judged) -> Figure:
    """Return how the probabilities of churners and of the others spread."""
    called = judged.metrics["contacted_share"]
    figure = new_figure(
        f"{called:.0%} of the customers are worth a call, with "
        f"{judged.metrics['recall']:.0%} of the churners",
        x="churn probability",
        y="share of each group",
    )
    for name, value, colour in (("stayed", 0, BLUE), ("churned", 1, ORANGE)):
        counts, edges = np.histogram(
            judged.probability[judged.label == value], bins=50, range=(0, 1)
        )
        figure.add_bar(
            x=(edges[1:] + edges[:-1]) / 2,
            y=counts / max(1, counts.sum()),
            width=0.02,
            name=name,
            marker={"color": colour},
            opacity=0.6,
        )
    figure.update_layout(barmode="overlay")
    by_value = judged.decision.value_column is not None
    who = ", of the usual value" if by_value else ""
    reference(figure, f"contacted from here on{who}", x=judged.threshold)
    figure.update_xaxes(tickformat=".0%")
    figure.update_yaxes(tickformat=".0%")
    return figure


def _curves(figure: Figure, judged: Judged, points: Any, key: str = "") -> Figure:
    greys = iter(GREYS)
    for i, (name, probability) in reversed(list(enumerate(judged.models.items()))):
        colour = {0: BLUE}.get(i) or _OWN.get(name) or next(greys, GREYS[-1])
        found = judged.curves if i == 0 else curves(judged.label, probability)
        x, y = points(found)
        kept = thin(x.size)
        value = judged.metrics.get(_metric(i, name, key))
        figure.add_scatter(
            x=x[kept],
            y=y[kept],
            name=name if value is None else f"{name} {value:.3f}",
            mode="lines",
            line={
                "color": colour,
                "width": 1.5 if i else 3,
                "dash": "dash" if name in _OWN else "solid",
            },
        )
    figure.update_layout(legend={"traceorder": "reversed"})
    return figure


_OWN = {"champion": ORANGE, "true hazard": GREEN}


def _metric(position: int, name: str, key: str) -> str:
    """Return the name of the metric that stands behind a curve's name."""
    if position == 0:
        return key
    return f"ceiling_{key}" if name == "true hazard" else f"baselines.{name}.{key}"


def _spread(metrics: Mapping[str, float], name: str) -> str:
    if f"{name}_low" not in metrics:
        return f"{metrics[name]:.3f}"
    low, high = metrics[f"{name}_low"], metrics[f"{name}_high"]
    return f"{metrics[name]:.3f} ({low:.3f} to {high:.3f})"

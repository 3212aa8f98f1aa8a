"""Figures of the notebooks, each with a title that says what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
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
from churn_pipeline.evaluation.separation import churn_by_level

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from plotly.graph_objects import Figure

PURPLE = "#7c3aed"

SHOWN = 20
"""Bars of a figure, at most."""

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


def draw_reasons(tables: Mapping[str, Any]) -> Figure:
    """Return why rows were set aside.

    Args:
        tables: `tables` of the data quality report.
    """
    found = pd.DataFrame(
        [(t, r, n) for t in tables for r, n in tables[t]["reasons"].items()],
        columns=["table", "reason", "rows"],
    )
    rejected = sum(table["rejected"] for table in tables.values())
    share = rejected / max(1, sum(table["rows"] for table in tables.values()))
    return _bars(
        found.nlargest(SHOWN, "rows"),
        x="rows",
        y="reason",
        color="table",
        title=f"{rejected:,} rows were set aside, {share:.2%} of all",
    )


def draw_missing(tables: Mapping[str, Any]) -> Figure:
    """Return the columns with gaps, as a share of the accepted rows.

    Args:
        tables: `tables` of the data quality report.
    """
    found = pd.DataFrame(
        [
            (name, column, about["missing"] / max(1, tables[name]["accepted"]))
            for name in tables
            for column, about in tables[name]["columns"].items()
        ],
        columns=["table", "column", "missing"],
    )
    gaps = found[found["missing"] > 0]
    figure = _bars(
        gaps.nlargest(SHOWN, "missing"),
        x="missing",
        y="column",
        color="table",
        title=f"{len(gaps)} of {len(found)} columns have gaps",
    )
    return figure.update_xaxes(tickformat=".0%", title="accepted rows without a value")


def draw_categories(columns: Mapping[str, Any]) -> Figure:
    """Return the shares of the categories of each column that has a few.

    Args:
        columns: `columns` of a table of the data quality report.
    """
    found = pd.DataFrame(
        [
            (name, level, share)
            for name, about in columns.items()
            for level, share in list(about.get("levels", {}).items())[:8]
        ],
        columns=["column", "level", "share"],
    )
    n_columns = found["column"].nunique()
    figure = px.bar(found, x="share", y="column", text="level", orientation="h")
    figure.update_traces(
        marker_line={"color": "white", "width": 2}, textposition="inside", textangle=0
    )
    figure.update_xaxes(tickformat=".0%", title="share of the customers")
    figure.update_yaxes(title="", autorange="reversed")
    return figure.update_layout(
        title=f"{n_columns} columns of categories", height=180 + 34 * n_columns
    )


def draw_numbers(table: pd.DataFrame, *, at_most: int = 6) -> Figure:
    """Return a histogram of each of the first columns of numbers."""
    numbers = table.select_dtypes("number").iloc[:, :at_most]
    melted = numbers.astype(float).melt(var_name="column").dropna()
    figure = px.histogram(
        melted,
        x="value",
        facet_col="column",
        facet_col_wrap=3,
        facet_row_spacing=0.18,
        nbins=40,
    )
    figure.update_layout(title=f"Numbers of {len(table):,} customers")
    return _own_axes(figure).update_yaxes(matches=None, showticklabels=True)


def draw_activity(events: ir.Table) -> Figure:
    """Return the number of events of each kind a month; of a snapshot there are none.

    Args:
        events: `transactions`.
    """
    month = events.event_time.truncate("M").name("month")
    counted = events.group_by([month, "kind"]).agg(events=events.count())
    found = counted.order_by("month").to_pandas().fillna({"kind": "event"})
    total, months = int(found["events"].sum()), found["month"].nunique()
    figure = px.line(found, x="month", y="events", color="kind", markers=True)
    figure.update_yaxes(rangemode="tozero", title="events a month")
    return figure.update_layout(title=f"{total:,} events in {months} months")


def draw_splits(model_input: pd.DataFrame) -> Figure:
    """Return how many rows each split has on each date, and how many churned."""
    found = model_input.groupby(["observation_date", "split"], as_index=False).agg(
        rows=("label", "size"), churned=("label", "mean")
    )
    found["date"] = pd.to_datetime(found["observation_date"]).dt.strftime("%Y-%m-%d")
    found["churn"] = found["churned"].map("{:.1%}".format, na_action="ignore")
    figure = px.bar(found, x="date", y="rows", color="split", text="churn")
    figure.update_xaxes(type="category", categoryorder="category ascending", title="")
    rate = model_input["label"].mean()
    return figure.update_layout(
        title=f"{rate:.1%} of the rows with a known label churned; on each bar, its own"
    )


def draw_strength(auc: pd.Series[float]) -> Figure:
    """Return what each feature tells alone.

    Args:
        auc: Feature -> ROC AUC of knowing its level, the strongest first.
    """
    shown = auc.head(SHOWN).rename("ROC AUC").rename_axis("feature").reset_index()
    figure = _bars(
        shown,
        x="ROC AUC",
        y="feature",
        title=f"Alone, {auc.index[0]} tells most: ROC AUC {auc.iloc[0]:.2f}",
    )
    return figure.update_xaxes(range=[0.5, max(0.6, auc.max() + 0.02)])


def draw_levels(label: ArrayLike, columns: Mapping[str, Any]) -> Figure:
    """Return the churn rate of each level of some features.

    Args:
        label: (n,), 1 churned, 0 stayed, NaN not known.
        columns: Feature -> (n,) values.
    """
    parts = {
        name: pd.DataFrame(churn_by_level(label, values))
        for name, values in columns.items()
    }
    found = pd.concat(parts, names=["feature", "row"]).reset_index()
    found["start"] = found["level"].str.extract(r"^[\[(]([^,]+),")[0].astype(float)
    figure = px.bar(
        found.sort_values(["start", "level"]),
        x="level",
        y="churn_rate",
        facet_col="feature",
        facet_col_wrap=2,
        facet_row_spacing=0.25,
        hover_data=["n_rows"],
        height=330 * ((len(parts) + 1) // 2),
    )
    figure.update_yaxes(tickformat=".0%", title="churn rate")
    return _own_axes(figure).update_layout(title="Churn rate by level of a feature")


def draw_correlation(columns: pd.DataFrame) -> Figure:
    """Return the rank correlations of some numbers."""
    figure = px.imshow(
        columns.corr("spearman"),
        zmin=-1,
        zmax=1,
        color_continuous_scale="RdBu",
        text_auto=".1f",
        height=620,
    )
    return figure.update_layout(title="Features that say the same (rank correlation)")


def draw_learning(curves: Mapping[str, Sequence[float]], reference: float) -> Figure:
    """Return the validation log loss after each pass over the training rows.

    Args:
        curves: Model -> log loss (nats) a pass.
        reference: Log loss of a logistic regression.
    """
    found = pd.DataFrame({name: pd.Series(curve) for name, curve in curves.items()})
    figure = px.line(found, markers=True)
    figure.add_hline(reference, line_dash="dot", annotation_text="logistic regression")
    best = found.min().idxmin()
    return figure.update_layout(
        title=f"The {best} reaches {found[best].min():.4f}, "
        f"a logistic regression {reference:.4f}",
        xaxis_title="pass over the training rows",
        yaxis_title="validation log loss, nats",
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
    return _own_axes(figure)


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
        color_discrete_map={"call": ORANGE, "leave": BLUE},
    )
    figure.add_vline(
        threshold, line_dash="dash", annotation_text=f"threshold {threshold:.3f}"
    )
    figure.update_xaxes(title="churn probability", tickformat=".0%")
    figure.update_yaxes(title="customers")
    return figure.update_layout(
        title=f"{called:,} of {len(scores):,} customers to call"
    )


def draw_agreement(here: ArrayLike, there: ArrayLike) -> Figure:
    """Return the same customers' probabilities from two places against each other."""
    x, y = np.asarray(there), np.asarray(here)
    apart = float(np.abs(x - y).max())
    figure = px.scatter(x=x, y=y, opacity=0.5, width=560, height=520)
    figure.update_xaxes(title="batch scores", tickformat=".0%")
    figure.update_yaxes(title="this notebook", tickformat=".0%")
    return figure.update_layout(title=f"Largest difference {apart:.1e}")


def _bars(found: pd.DataFrame, *, x: str, y: str, title: str, **more: str) -> Figure:
    """Return lying bars, the longest on top."""
    figure = px.bar(found, x=x, y=y, orientation="h", **more)
    figure.update_yaxes(categoryorder="total ascending", title="", dtick=1)
    return figure.update_layout(title=title, height=200 + 22 * found[y].nunique())


def _own_axes(figure: Figure) -> Figure:
    """Give each small figure its own x axis and a plain name."""
    figure.update_xaxes(matches=None, showticklabels=True, title="")
    figure.for_each_annotation(lambda note: note.update(text=note.text.split("=")[-1]))
    return figure

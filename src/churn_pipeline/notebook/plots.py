"""Figures of data and features, each with a title that says what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
from numpy.typing import ArrayLike
from plotly import express as px
from plotly.subplots import make_subplots

from churn_pipeline.evaluation.figure_style import BLUE, GREYS
from churn_pipeline.evaluation.separation import churn_by_level
from churn_pipeline.notebook.style import PURPLE, bars, own_axes

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from plotly.graph_objects import Figure

SHOWN = 20
"""Bars of a figure, at most."""

COLUMNS = 3
"""Small figures side by side."""

SPLITS = {
    "train": BLUE,
    "test": PURPLE,
    "gap": GREYS[1],
    "not_mature": GREYS[2],
}


def draw_reasons(tables: Mapping[str, Any]) -> Figure:
    """Return why rows were set aside.

    Args:
        tables: `tables` of the data quality report.
    """
    found = pd.DataFrame(
        [(t, r, n) for t in tables for r, n in tables[t]["reasons"].items()],
        columns=["table", "reason", "rows"],
    ).astype({"rows": int})
    rejected = sum(table["rejected"] for table in tables.values())
    share = rejected / max(1, sum(table["rows"] for table in tables.values()))
    return bars(
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
    ).astype({"missing": float})
    gaps = found[found["missing"] > 0]
    figure = bars(
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
    numbers = table.select_dtypes("number").astype(float).iloc[:, :at_most]
    n_rows = max(1, -(-numbers.shape[1] // COLUMNS))
    figure = make_subplots(n_rows, COLUMNS, subplot_titles=list(numbers.columns))
    for i, name in enumerate(numbers.columns):
        at = {"row": i // COLUMNS + 1, "col": i % COLUMNS + 1}
        figure.add_histogram(x=numbers[name].dropna(), nbinsx=40, **at)
    figure.update_traces(marker_color=BLUE)
    return figure.update_layout(
        title=f"{numbers.shape[1]} numbers of {len(table):,} customers",
        showlegend=False,
        height=120 + 240 * n_rows,
    )


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
    found = model_input.groupby(["split", "observation_date"], as_index=False).agg(
        rows=("label", "size"), churned=("label", "mean")
    )
    found["date"] = found["observation_date"].astype(str).str[:10]
    figure = make_subplots(2, shared_xaxes=True, vertical_spacing=0.08)
    for split, colour in SPLITS.items():
        part = found[found["split"] == split]
        about = {"name": split, "legendgroup": split, "marker_color": colour}
        figure.add_bar(x=part["date"], y=part["rows"], row=1, col=1, **about)
        figure.add_scatter(
            x=part["date"],
            y=part["churned"],
            mode="lines+markers",
            showlegend=False,
            row=2,
            col=1,
            **about,
        )
    figure.update_xaxes(type="category", categoryorder="category ascending")
    figure.update_yaxes(title="rows", row=1)
    figure.update_yaxes(title="churn rate", tickformat=".0%", rangemode="tozero", row=2)
    title = f"{model_input['label'].mean():.1%} of the rows with a known label churned"
    return figure.update_layout(title=title, barmode="stack", height=560)


def draw_strength(auc: pd.Series[float]) -> Figure:
    """Return what each feature tells alone.

    Args:
        auc: Feature -> ROC AUC of knowing its level, the strongest first.
    """
    shown = auc.head(SHOWN).rename("ROC AUC").rename_axis("feature").reset_index()
    figure = bars(
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
    found["level"] = found["level"].str.replace(
        r"-?\d+\.\d+", lambda number: f"{float(number[0]):.3g}", regex=True
    )
    figure = px.bar(
        found.sort_values(["start", "level"]),
        x="level",
        y="churn_rate",
        facet_col="feature",
        facet_col_wrap=2,
        facet_row_spacing=0.2,
        category_orders={"feature": list(parts)},
        hover_data=["n_rows"],
        height=330 * ((len(parts) + 1) // 2),
    )
    figure.update_yaxes(tickformat=".0%", title="").update_xaxes(type="category")
    figure.update_yaxes(title="churn rate", col=1)
    return own_axes(figure).update_layout(title="Churn rate by level of a feature")


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

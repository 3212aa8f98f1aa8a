"""Figures of the data quality: what was rejected, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from churn_pipeline.evaluation.figure_style import BLUE, GREYS, ORANGE, new_figure
from churn_pipeline.validation.changes import share_missing

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_BARS = 25
_NAME = 46  # characters
_COLOURS = {"customers": BLUE, "transactions": ORANGE, "contracts": GREYS[1]}


def draw_rejected(report: Mapping[str, Any]) -> Figure:
    """Return how many rows were rejected for which reason, the most frequent first.

    Args:
        report: See `churn_pipeline.validation.report.quality_report`.
    """
    tables = report["tables"]
    rows = sum(table["rows"] for table in tables.values())
    bad = sum(table["rejected"] for table in tables.values())
    found = [
        (count, name, f"{name}: {reason}")
        for name, table in tables.items()
        for reason, count in table["reasons"].items()
    ]
    share = f" ({bad / rows:.1%})" if bad else ""
    return _bars(
        f"{bad:,} of {rows:,} rows were rejected{share}",
        found,
        x="rows; one with two reasons counts for both",
    )


def draw_missing(report: Mapping[str, Any]) -> Figure:
    """Return the share of the accepted rows without a value, by column."""
    found = [
        (share, name, f"{name}.{column}")
        for name, table in report["tables"].items()
        for column, profile in table["columns"].items()
        if (share := share_missing(profile, table["accepted"]))
    ]
    columns = sum(len(table["columns"]) for table in report["tables"].values())
    figure = _bars(
        f"{len(found)} of {columns} columns have rows without a value",
        found,
        x="share of the accepted rows without a value",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, 1])
    return figure


def _bars(title: str, found: list[tuple[float, str, str]], *, x: str) -> Figure:
    """Return a bar for each of the largest values, one colour a table."""
    shown = sorted(found, key=lambda one: -one[0])[:_BARS]
    if len(found) > _BARS:
        title = f"{title}; the first {_BARS} of {len(found)}"
    figure = new_figure(title, x=x, y="")
    names = {name: _plain(name) for _, _, name in shown}
    for table in dict.fromkeys(table for _, table, _ in shown):
        part = [(value, name) for value, of, name in shown if of == table]
        figure.add_bar(
            x=[value for value, _ in part],
            y=[names[name] for _, name in part],
            orientation="h",
            name=table,
            marker={"color": _COLOURS[table]},
        )
    order = [names[name] for _, _, name in shown]
    figure.update_yaxes(categoryorder="array", categoryarray=order[::-1], dtick=1)
    figure.update_layout(height=max(260, 24 * len(shown) + 150))
    return figure


def _plain(name: str) -> str:
    """Return a name that fits and that Plotly, which reads HTML, shows as it is."""
    short = name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

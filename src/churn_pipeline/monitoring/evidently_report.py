"""Evidently's drawing of the columns that moved, with our verdict in it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from churn_pipeline.monitoring.drift import ColumnDrift
from churn_pipeline.monitoring.page import pack_scripts
from churn_pipeline.telemetry import switch_off

if TYPE_CHECKING:
    import pandas as pd
    from evidently.presets import DataDriftPreset

_METHOD = "share_moved"

MISSING = "(missing)"
"""How a missing category is called in the page."""


def drift_page(
    reference: pd.DataFrame, current: pd.DataFrame, columns: Sequence[ColumnDrift]
) -> str:
    """Return Evidently's drift report as one HTML page that works offline.

    Evidently's own tests call nearly everything drifted where there is much data, so
    it is given what was found of each column: the page and the JSON verdict agree.

    Args:
        reference: Sampled rows of the reference; the page holds what is drawn of
            them, so a few thousand rows and a dozen columns suffice.
        current: Sampled rows of the newest date, same columns.
        columns: The columns to draw, with what was found of them.

    Returns:
        HTML, under 2 MiB, scripts included.
    """
    switch_off()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other packages' deprecations
        return pack_scripts(_draw(reference, current, columns))


def _draw(
    reference: pd.DataFrame, current: pd.DataFrame, columns: Sequence[ColumnDrift]
) -> str:
    """Return Evidently's page as it comes, about 5 MiB."""
    from evidently import DataDefinition, Dataset, Report

    drawn = [c for c in columns if _has_values(reference, current, c.name)]
    names = [column.name for column in drawn]
    categories = [column.name for column in drawn if column.kind == "category"]
    numbers = [name for name in names if name not in categories]
    definition = DataDefinition(
        numerical_columns=numbers,
        categorical_columns=categories,
    )
    preset = _table_alone()(
        columns=names,
        method=_register_verdict(drawn),
        per_column_threshold={column.name: column.limit for column in drawn},
    )
    # Evidently drops rows without a value; a missing category is a level here.
    missing = dict.fromkeys(categories, MISSING)
    low, high = _ends(reference, current, numbers)
    shown = [
        frame[names].fillna(missing).assign(**frame[numbers].clip(low, high, axis=1))
        for frame in (current, reference)
    ]
    snapshot = Report([preset]).run(
        *(Dataset.from_pandas(frame, definition) for frame in shown)
    )
    page: str = snapshot.get_html_str(as_iframe=False)
    return page


def _table_alone() -> type[DataDriftPreset]:
    """Return Evidently's preset without its own count of the columns drawn.

    The columns drawn are a part of those judged: a second count contradicts ours.
    """
    from evidently.presets import DataDriftPreset

    class DrawnColumns(DataDriftPreset):
        def render(self, context: Any, child_widgets: Any = None) -> list[Any]:
            drawn = super().render(context, child_widgets)
            tables = [widget for widget in drawn if widget.type == "big_table"]
            for table in tables:
                table.title = ""
            return tables

    return DrawnColumns


def _ends(
    reference: pd.DataFrame, current: pd.DataFrame, numbers: list[str]
) -> tuple[pd.Series[float], pd.Series[float]]:
    """Return between which values a histogram is drawn: without its thin tails."""
    ends = [frame[numbers].quantile([0.005, 0.995]) for frame in (reference, current)]
    low = ends[0].iloc[0].combine(ends[1].iloc[0], min)
    high = ends[0].iloc[1].combine(ends[1].iloc[1], max)
    return low, high


def _has_values(reference: pd.DataFrame, current: pd.DataFrame, name: str) -> bool:
    """Return whether there is something to draw on both sides."""
    return bool(reference[name].notna().any() and current[name].notna().any())


def _register_verdict(columns: Sequence[ColumnDrift]) -> str:
    """Teach Evidently what was found of each column; return the method's name."""
    from evidently.legacy.calculations.stattests import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    found = {column.name: column for column in columns}

    def measure(
        reference: pd.Series[Any],
        current: pd.Series[Any],
        column_type: Any,
        threshold: float,
    ) -> tuple[float, bool]:
        column = found[str(reference.name)]
        return column.effect, column.drifted

    test = StatTest(
        name=_METHOD,
        display_name="share of customers moved",
        allowed_feature_types=[ColumnType.Numerical, ColumnType.Categorical],
    )
    register_stattest(test, default_impl=measure)
    return _METHOD

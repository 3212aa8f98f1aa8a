"""The pipeline `data_validation`."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.data_validation import nodes
from churn_pipeline.pipelines.wiring import by_name

_CHECKED = {name: f"checked_{name}" for name in nodes.TABLES}
_RAW = [f"raw_{name}" for name in nodes.TABLES]
_TYPED = {name: name for name in nodes.TABLES}
_DATASET, _TODAY = "params:dataset", "params:today"


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Return the pipeline from raw tables to typed, rejected and reported ones."""
    return Pipeline(
        [
            Node(
                nodes.check_tables,
                inputs=by_name(*_RAW, _DATASET, _TODAY),
                outputs=_CHECKED | {"raw_columns": "raw_columns"},
                name="check_tables",
            ),
            Node(
                nodes.collect_rejected_rows,
                inputs=_CHECKED,
                outputs="rejected_rows",
                name="collect_rejected_rows",
            ),
            Node(
                nodes.report_data_quality,
                inputs=_CHECKED
                | by_name("raw_columns", "params:data_validation", _DATASET, _TODAY)
                | {"last_profile": "last_data_profile"},
                outputs={
                    "quality": "data_quality",
                    "report": "data_quality_report",
                    "page": "data_quality_page",
                    "rejected_plot": "rejected_rows_plot",
                    "missing_plot": "missing_values_plot",
                },
                name="report_data_quality",
            ),
            Node(
                nodes.accept_tables,
                inputs=_CHECKED | by_name(_DATASET) | {"quality": "data_quality"},
                outputs=_TYPED | {"data_profile": "data_profile"},
                name="accept_tables",
            ),
        ]
    )

"""The pipeline `data_validation`."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.data_validation import nodes


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Return the pipeline from raw tables to typed, rejected and reported ones."""
    checked = {name: f"checked_{name}" for name in nodes.TABLES}
    return Pipeline(
        [
            Node(
                nodes.check_tables,
                inputs={
                    "raw_customers": "raw_customers",
                    "raw_transactions": "raw_transactions",
                    "raw_contracts": "raw_contracts",
                    "dataset": "params:dataset",
                    "today": "params:today",
                },
                outputs=checked | {"raw_columns": "raw_columns"},
                name="check_tables",
            ),
            Node(
                nodes.collect_rejected_rows,
                inputs=checked,
                outputs="rejected_rows",
                name="collect_rejected_rows",
            ),
            Node(
                nodes.report_data_quality,
                inputs=checked
                | {
                    "raw_columns": "raw_columns",
                    "last_profile": "last_data_profile",
                    "dataset": "params:dataset",
                    "parameters": "params:data_validation",
                },
                outputs={"quality": "data_quality", "report": "data_quality_report"},
                name="report_data_quality",
            ),
            Node(
                nodes.accept_tables,
                inputs=checked
                | {"quality": "data_quality", "dataset": "params:dataset"},
                outputs={name: name for name in nodes.TABLES}
                | {"data_profile": "data_profile"},
                name="accept_tables",
            ),
        ]
    )

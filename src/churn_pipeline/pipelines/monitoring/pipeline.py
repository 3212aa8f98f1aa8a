"""The monitoring pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines import (
    drift_reporting,
    effect_reporting,
    performance_reporting,
)
from churn_pipeline.pipelines.monitoring import nodes
from churn_pipeline.pipelines.recalibration.nodes import try_calibration
from churn_pipeline.pipelines.wiring import by_name


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that watches, decides and raises alerts."""
    follows = Pipeline(
        [
            Node(
                try_calibration,
                inputs=by_name(
                    "model_input",
                    "champion",
                    "params:training",
                    "params:decision",
                    "params:evaluation",
                    "params:seed",
                ),
                outputs="calibration_trial",
                name="try_calibration",
            ),
            Node(
                nodes.decide_retraining,
                inputs=by_name(
                    "drift_verdict",
                    "performance_report",
                    "model_input",
                    "champion",
                    "calibration_trial",
                    "models_made",
                    "retrain_requests",
                    "params:monitoring",
                    "params:decision",
                    "params:today",
                ),
                outputs="retraining_decision",
                name="decide_retraining",
            ),
            Node(
                nodes.raise_alerts,
                inputs=by_name(
                    "drift_verdict",
                    "performance_report",
                    "retraining_decision",
                    "data_quality_report",
                    "params:alerts",
                ),
                outputs="alerts",
                name="raise_alerts",
            ),
        ]
    )
    return (
        drift_reporting.create_pipeline()
        + performance_reporting.create_pipeline()
        + effect_reporting.create_pipeline()
        + follows
    )

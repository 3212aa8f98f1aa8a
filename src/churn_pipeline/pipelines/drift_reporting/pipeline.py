"""The drift reporting pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.drift_reporting.nodes import (
    draw_drift_overview,
    draw_drift_report,
    judge_drift,
    sample_current,
    sample_reference,
)


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that writes the drift verdict and its report."""
    params = {"champion": "champion", "drift_reporting": "params:drift_reporting"}
    samples = {"drift_reference": "drift_reference", "drift_current": "drift_current"}
    return Pipeline(
        [
            Node(
                sample_current,
                inputs={"customer_features": "customer_features", **params},
                outputs="drift_current",
                name="sample_current",
            ),
            Node(
                sample_reference,
                inputs={
                    "model_input_of_champion": "model_input_of_champion",
                    "drift_current": "drift_current",
                    "seed": "params:seed",
                    **params,
                },
                outputs="drift_reference",
                name="sample_reference",
            ),
            Node(
                judge_drift,
                inputs={**samples, "seed": "params:seed", **params},
                outputs="drift_verdict",
                name="judge_drift",
            ),
            Node(
                draw_drift_report,
                inputs={
                    **samples,
                    "drift_verdict": "drift_verdict",
                    "drift_reporting": "params:drift_reporting",
                    "dataset": "params:dataset",
                },
                outputs="drift_report",
                name="draw_drift_report",
            ),
            Node(
                draw_drift_overview,
                inputs="drift_verdict",
                outputs="drift_overview",
                name="draw_drift_overview",
            ),
        ]
    )

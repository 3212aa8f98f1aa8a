"""The drift reporting pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.drift_reporting.nodes import (
    draw_drift_overview,
    draw_drift_report,
    judge_by_evidently,
    judge_churn_rate,
    judge_drift,
    keep_watch,
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
                judge_churn_rate,
                inputs={
                    "model_input_of_champion": "model_input_of_champion",
                    "model_input": "model_input",
                    "drift_current": "drift_current",
                    "drift_reporting": "params:drift_reporting",
                },
                outputs="churn_rate_verdict",
                name="judge_churn_rate",
            ),
            Node(
                judge_drift,
                inputs={
                    **samples,
                    "churn_rate_verdict": "churn_rate_verdict",
                    "watch_history": "watch_history",
                    "seed": "params:seed",
                    **params,
                },
                outputs="drift_verdict",
                name="judge_drift",
            ),
            Node(
                keep_watch, inputs="drift_verdict", outputs="watch", name="keep_watch"
            ),
            Node(
                judge_by_evidently,
                inputs={**samples, "drift_verdict": "drift_verdict"},
                outputs="evidently_verdict",
                name="judge_by_evidently",
            ),
            Node(
                draw_drift_report,
                inputs={
                    **samples,
                    "drift_verdict": "drift_verdict",
                    "evidently_verdict": "evidently_verdict",
                    "watch_history": "watch_history",
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

"""The drift reporting pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.drift_reporting.nodes import (
    draw_drift_overview,
    draw_drift_report,
    judge_by_evidently,
    judge_churn_rate,
    judge_drift,
    keep_watch,
)
from churn_pipeline.pipelines.drift_reporting.samples import (
    sample_current,
    sample_reference,
)
from churn_pipeline.pipelines.wiring import by_name

CHAMPION = by_name("champion", "params:drift_reporting")
SAMPLES = by_name("drift_reference", "drift_current")


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that writes the drift verdict and its report."""
    return Pipeline(
        [
            Node(
                sample_current,
                inputs=CHAMPION | by_name("customer_features"),
                outputs="drift_current",
                name="sample_current",
            ),
            Node(
                sample_reference,
                inputs=CHAMPION
                | by_name("model_input_of_champion", "drift_current", "params:seed"),
                outputs="drift_reference",
                name="sample_reference",
            ),
            Node(
                judge_churn_rate,
                inputs=by_name(
                    "model_input_of_champion",
                    "model_input",
                    "drift_current",
                    "params:drift_reporting",
                ),
                outputs="churn_rate_verdict",
                name="judge_churn_rate",
            ),
            Node(
                judge_drift,
                inputs=CHAMPION
                | SAMPLES
                | by_name("churn_rate_verdict", "watch_history", "params:seed"),
                outputs="drift_verdict",
                name="judge_drift",
            ),
            Node(
                keep_watch, inputs="drift_verdict", outputs="watch", name="keep_watch"
            ),
            Node(
                judge_by_evidently,
                inputs=SAMPLES | by_name("drift_verdict"),
                outputs="evidently_verdict",
                name="judge_by_evidently",
            ),
            Node(
                draw_drift_report,
                inputs=SAMPLES
                | by_name(
                    "drift_verdict",
                    "evidently_verdict",
                    "watch_history",
                    "params:drift_reporting",
                    "params:dataset",
                ),
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

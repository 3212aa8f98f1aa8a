"""The recalibration pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.hooks.tracking import TRACKED
from churn_pipeline.pipelines.evaluation.nodes import measure_fairness
from churn_pipeline.pipelines.recalibration import nodes
from churn_pipeline.pipelines.wiring import by_name


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that calibrates the champion again and proposes that."""
    return Pipeline(
        [
            Node(
                nodes.recalibrate,
                inputs=by_name(
                    "model_input",
                    "model_input_of_champion",
                    "feature_set",
                    "reigning_champion",
                    "last_retraining_decision",
                    "params:training",
                    "params:decision",
                    "params:seed",
                ),
                outputs={n: n for n in ("recalibrated", "recalibrated_rows")},
                name="recalibrate",
            ),
            Node(
                nodes.judge_recalibration,
                inputs=by_name(
                    "recalibrated_rows",
                    "reigning_champion",
                    "params:decision",
                    "params:evaluation",
                    "params:seed",
                ),
                outputs="recalibration_verdict",
                name="judge_recalibration",
            ),
            Node(
                measure_fairness,
                inputs={
                    "scored_test_rows": "recalibrated_rows",
                    **by_name("feature_set", "params:evaluation", "params:seed"),
                },
                outputs="recalibration_fairness",
                name="measure_recalibration_fairness",
            ),
            Node(
                nodes.carry_over,
                inputs=by_name(
                    "net_settings_of_champion", "recalibrated_rows", "recalibrated"
                ),
                outputs={n: n for n in ("net_settings", "held_out_predictions")},
                name="carry_over",
            ),
            Node(
                nodes.propose_recalibration,
                inputs=by_name(
                    "recalibrated",
                    "recalibration_verdict",
                    "recalibration_fairness",
                    "reigning_champion",
                    "dependency_audit",
                    "params:dataset",
                    "params:training",
                    "params:decision",
                    "params:release",
                    "params:seed",
                ),
                outputs="champion",
                name="propose_recalibration",
            ),
        ],
        tags=TRACKED,
    )

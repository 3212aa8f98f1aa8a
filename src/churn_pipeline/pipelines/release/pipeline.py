"""The release pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.hooks.tracking import TRACKED
from churn_pipeline.pipelines.release import nodes
from churn_pipeline.pipelines.wiring import by_name


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that refits the model, reviews and registers it."""
    return Pipeline(
        [
            Node(
                nodes.propose_release,
                inputs=by_name(
                    "model_input",
                    "feature_set",
                    "artifact",
                    "held_out_predictions",
                    "net_settings",
                    "gate_verdict",
                    "metrics",
                    "model_card",
                    "fairness",
                    "dependency_audit",
                    "params:dataset",
                    "params:feature_engineering",
                    "params:training",
                    "params:decision",
                    "params:release",
                    "params:seed",
                ),
                outputs="champion",
                name="propose_release",
                tags=[TRACKED],
            )
        ]
    )

"""The recalibration pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.hooks.tracking import TRACKED
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
                    "reigning_champion",
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
                nodes.keep_net_settings,
                inputs="net_settings_of_champion",
                outputs="net_settings",
                name="keep_net_settings",
            ),
            Node(
                nodes.propose_recalibration,
                inputs=by_name(
                    "recalibrated",
                    "recalibration_verdict",
                    "reigning_champion",
                    "params:release",
                ),
                outputs="champion",
                name="propose_recalibration",
            ),
        ],
        tags=TRACKED,
    )

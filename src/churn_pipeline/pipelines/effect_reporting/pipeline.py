"""The effect reporting pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.effect_reporting.labels import label_assignments
from churn_pipeline.pipelines.effect_reporting.nodes import draw_effect, measure_effect
from churn_pipeline.pipelines.wiring import by_name


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that writes what the calls of each campaign did."""
    return Pipeline(
        [
            Node(
                label_assignments,
                inputs=by_name(
                    "call_assignments_so_far",
                    "customers",
                    "transactions",
                    "contracts",
                    "prediction_log",
                    "params:dataset",
                    "params:feature_engineering",
                ),
                outputs="call_outcomes",
                name="label_assignments",
            ),
            Node(
                measure_effect,
                inputs=by_name(
                    "call_outcomes",
                    "params:dataset",
                    "params:effect_reporting",
                ),
                outputs="call_effect",
                name="measure_effect",
            ),
            Node(
                draw_effect,
                inputs=by_name("call_effect"),
                outputs="call_effect_plot",
                name="draw_effect",
            ),
        ]
    )

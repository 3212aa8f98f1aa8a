"""The scoring pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.scoring.calls import (
    assign_calls,
    list_calls,
    state_campaign,
)
from churn_pipeline.pipelines.scoring.nodes import find_held_out_rows, score_customers
from churn_pipeline.pipelines.wiring import by_name


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that writes `churn_scores`, `call_list` and `campaign`."""
    return Pipeline(
        [
            Node(
                find_held_out_rows,
                inputs=by_name(
                    "customer_features",
                    "champion",
                    "champion_as_measured",
                    "held_out_of_champion",
                    "model_input_of_champion",
                    "params:scoring",
                ),
                outputs="held_out_rows",
                name="find_held_out_rows",
            ),
            Node(
                score_customers,
                inputs=by_name(
                    "customer_features",
                    "customers",
                    "held_out_rows",
                    "champion",
                    "params:scoring",
                ),
                outputs="churn_scores",
                name="score_customers",
            ),
            Node(
                assign_calls,
                inputs=by_name(
                    "churn_scores",
                    "customer_features",
                    "feature_set",
                    "champion",
                    "params:decision",
                    "params:scoring",
                ),
                outputs="call_assignments",
                name="assign_calls",
            ),
            Node(
                list_calls,
                inputs=by_name(
                    "call_assignments",
                    "customer_features",
                    "feature_set",
                    "champion",
                    "params:dataset",
                    "params:scoring",
                ),
                outputs="call_list",
                name="list_calls",
            ),
            Node(
                state_campaign,
                inputs=by_name("call_assignments", "call_list", "params:scoring"),
                outputs="campaign",
                name="state_campaign",
            ),
        ]
    )

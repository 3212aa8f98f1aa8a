"""The scoring pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.scoring.nodes import list_calls, score_customers
from churn_pipeline.pipelines.wiring import by_name


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that writes `churn_scores` and the `call_list`."""
    return Pipeline(
        [
            Node(
                score_customers,
                inputs=by_name(
                    "customer_features", "customers", "champion", "params:scoring"
                ),
                outputs="churn_scores",
                name="score_customers",
            ),
            Node(
                list_calls,
                inputs=by_name(
                    "churn_scores",
                    "customer_features",
                    "feature_set",
                    "champion",
                    "params:decision",
                    "params:dataset",
                    "params:scoring",
                ),
                outputs="call_list",
                name="list_calls",
            ),
        ]
    )

"""The scoring pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.scoring.nodes import score_customers


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that writes `churn_scores`."""
    return Pipeline(
        [
            Node(
                score_customers,
                inputs={
                    "customer_features": "customer_features",
                    "champion": "champion",
                    "scoring": "params:scoring",
                },
                outputs="churn_scores",
                name="score_customers",
            )
        ]
    )

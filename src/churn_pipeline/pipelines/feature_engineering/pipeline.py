"""The `feature_engineering` pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.feature_engineering.nodes import (
    build_customer_features,
    label_and_split,
)

TABLES = {
    "customers": "customers",
    "transactions": "transactions",
    "contracts": "contracts",
    "dataset": "params:dataset",
    "parameters": "params:feature_engineering",
}


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline from typed tables to features, labels and splits."""
    return Pipeline(
        [
            Node(
                build_customer_features,
                inputs=TABLES,
                outputs=["customer_features", "feature_set"],
                name="build_customer_features",
            ),
            Node(
                label_and_split,
                inputs={
                    "features": "customer_features",
                    "checks": "params:data_validation",
                    "seed": "params:seed",
                }
                | TABLES,
                outputs="model_input",
                name="label_and_split",
            ),
        ]
    )

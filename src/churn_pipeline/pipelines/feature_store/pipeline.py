"""The `feature_store` pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.feature_store.nodes import (
    define_feature_store,
    fill_feature_store,
    stamp_features,
)


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline from `customer_features` to Feast's stores."""
    return Pipeline(
        [
            Node(
                define_feature_store,
                inputs=["feature_set", "params:dataset"],
                outputs="feature_definitions",
                name="define_feature_store",
            ),
            Node(
                stamp_features,
                inputs={
                    "features": "customer_features",
                    "definitions": "feature_definitions",
                },
                outputs="stamped_features",
                name="stamp_features",
            ),
            Node(
                fill_feature_store,
                inputs={
                    "rows": "stamped_features",
                    "definitions": "feature_definitions",
                },
                outputs="feature_store",
                name="fill_feature_store",
            ),
        ]
    )

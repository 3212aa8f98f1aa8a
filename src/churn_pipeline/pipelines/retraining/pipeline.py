"""The retraining pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.hooks.tracking import TRACKED
from churn_pipeline.pipelines import (
    data_validation,
    evaluation,
    feature_engineering,
    release,
    training,
)
from churn_pipeline.pipelines.retraining import nodes
from churn_pipeline.pipelines.retraining.comparing_pipeline import comparing_pipeline
from churn_pipeline.pipelines.wiring import by_name


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline from raw tables to a release, which a decision starts."""
    trained = training.create_pipeline()
    split = Node(
        nodes.label_and_split_again,
        inputs=[
            "customer_features",
            "customers",
            "transactions",
            "contracts",
            "params:dataset",
            "params:feature_engineering",
            "params:data_validation",
            "params:monitoring",
            "champion_before",
            "last_retraining_decision",
            "params:seed",
        ],
        outputs="model_input",
        name="label_and_split_again",
    )
    again = Node(
        nodes.tune_net_again,
        inputs=by_name(
            "model_input",
            "feature_set",
            "net_settings_of_champion",
            "params:dataset",
            "params:training",
            "params:decision",
            "params:seed",
        ),
        outputs={name: name for name in ("net_settings", "tuning_trials")},
        name="tune_net_again",
        tags=TRACKED,
    )
    features = feature_engineering.create_pipeline()
    judged = evaluation.create_pipeline()
    return (
        data_validation.create_pipeline()
        + (features - features.only_nodes("label_and_split"))
        + (trained - trained.only_nodes("tune_net"))
        + Pipeline([split, again])
        + comparing_pipeline()
        + (judged - judged.only_nodes("compare_with_champion"))
        + release.create_pipeline()
    )

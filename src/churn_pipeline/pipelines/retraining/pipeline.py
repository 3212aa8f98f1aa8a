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
from churn_pipeline.pipelines.wiring import by_name


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline from raw tables to a release, which a decision starts."""
    trained = training.create_pipeline()
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
    return (
        data_validation.create_pipeline()
        + feature_engineering.create_pipeline()
        + (trained - trained.only_nodes("tune_net"))
        + Pipeline([again])
        + evaluation.create_pipeline()
        + release.create_pipeline()
    )

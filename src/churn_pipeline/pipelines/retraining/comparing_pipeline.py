"""The part of retraining that compares a model with the champion, on all customers."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.retraining import comparing
from churn_pipeline.pipelines.wiring import by_name


def comparing_pipeline() -> Pipeline:
    """Return the pipeline from scored test rows to what the gate reads."""
    return Pipeline(
        [
            Node(
                comparing.score_all_customers,
                inputs=by_name(
                    "model_input",
                    "feature_set",
                    "scored_test_rows",
                    "champion_on_test",
                    "artifact",
                    "net_settings",
                    "reigning_champion",
                    "params:dataset",
                    "params:feature_engineering",
                    "params:training",
                    "params:decision",
                    "params:monitoring",
                    "params:seed",
                ),
                outputs="compared_rows",
                name="score_all_customers",
            ),
            Node(
                comparing.compare_again,
                inputs=by_name(
                    "scored_test_rows",
                    "compared_rows",
                    "champion_on_test",
                    "last_retraining_decision",
                    "feature_set",
                    "params:decision",
                    "params:evaluation",
                    "params:seed",
                ),
                outputs="champion_comparison",
                name="compare_again",
            ),
        ]
    )

"""The part of the evaluation that decides whether a model may be released."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.hooks.tracking import TRACKED
from churn_pipeline.pipelines.evaluation import behaving, nodes
from churn_pipeline.pipelines.wiring import by_name

_LIMITS, _SEED = "params:evaluation", "params:seed"
_MODEL = ("model_input", "artifact", _LIMITS, _SEED)


def gate_pipeline() -> Pipeline:
    """Return the pipeline from scored rows to comparison, behaviour and verdict."""
    return Pipeline(
        [
            Node(
                nodes.compare_with_champion,
                inputs=by_name(
                    "scored_test_rows",
                    "champion_on_test",
                    "feature_set",
                    "params:decision",
                    _LIMITS,
                    _SEED,
                ),
                outputs="champion_comparison",
                name="compare_with_champion",
            ),
            Node(
                behaving.rank_features,
                inputs=by_name("artifact", "reigning_champion", "champion_on_test"),
                outputs="feature_importance",
                name="rank_features",
            ),
            Node(
                behaving.check_behaviour,
                inputs=by_name(*_MODEL, "scored_test_rows", "feature_importance"),
                outputs="behavioural_tests",
                name="check_behaviour",
            ),
            Node(
                nodes.decide_gate,
                inputs=by_name(
                    "champion_comparison", "behavioural_tests", "metrics", _LIMITS
                ),
                outputs="gate_verdict",
                name="decide_gate",
                tags=[TRACKED],
            ),
        ]
    )

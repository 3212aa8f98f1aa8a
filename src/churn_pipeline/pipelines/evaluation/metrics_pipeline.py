"""The part of the evaluation that measures: of all rows, by segment, by group."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.hooks.tracking import TRACKED
from churn_pipeline.pipelines.evaluation import nodes
from churn_pipeline.pipelines.wiring import by_name

_LIMITS, _MONEY, _SEED = "params:evaluation", "params:decision", "params:seed"
_JUDGED = ("scored_test_rows", "feature_set", _LIMITS)
_SCORED_BY = (
    "artifact",
    "test_predictions",
    "true_churn_probability",
    "reigning_champion",
)


def metrics_pipeline() -> Pipeline:
    """Return the pipeline from the artifact to scored rows and metrics."""
    return Pipeline(
        [
            Node(
                nodes.score_test_rows,
                inputs=by_name("model_input", "feature_set", _MONEY, *_SCORED_BY),
                outputs={"rows": "scored_test_rows", "champion": "champion_on_test"},
                name="score_test_rows",
            ),
            Node(
                nodes.measure,
                inputs=by_name(
                    "model_input",
                    "scored_test_rows",
                    "artifact",
                    _MONEY,
                    _LIMITS,
                    _SEED,
                ),
                outputs="metrics",
                name="measure",
                tags=[TRACKED],
            ),
            Node(
                nodes.measure_segments,
                inputs=by_name(*_JUDGED, _MONEY, _SEED),
                outputs="segment_metrics",
                name="measure_segments",
            ),
            Node(
                nodes.measure_fairness,
                inputs=by_name(*_JUDGED, _SEED),
                outputs="fairness",
                name="measure_fairness",
            ),
        ]
    )

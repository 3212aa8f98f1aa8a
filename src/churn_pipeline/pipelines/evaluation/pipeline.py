"""The evaluation pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.hooks.tracking import TRACKED
from churn_pipeline.pipelines.evaluation import behaving, drawing, nodes

_ROWS = "scored_test_rows"
_LIMITS = "params:evaluation"
_MONEY = "params:decision"
_SEED = "params:seed"
_DATASET = "params:dataset"


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline from the artifact to metrics, plots, card and verdict."""
    return Pipeline(
        [
            Node(
                nodes.score_test_rows,
                inputs=_by_name(
                    "model_input",
                    "artifact",
                    "feature_set",
                    "test_predictions",
                    "true_churn_probability",
                    "reigning_champion",
                ),
                outputs={"rows": _ROWS, "champion": "champion_on_test"},
                name="score_test_rows",
            ),
            Node(
                nodes.measure,
                inputs=_by_name(
                    _ROWS, "artifact", "candidates", _MONEY, _LIMITS, _SEED
                ),
                outputs="metrics",
                name="measure",
                tags=[TRACKED],
            ),
            Node(
                nodes.measure_segments,
                inputs=_by_name(
                    _ROWS, "artifact", "feature_set", _MONEY, _LIMITS, _SEED
                ),
                outputs="segment_metrics",
                name="measure_segments",
            ),
            Node(
                nodes.measure_fairness,
                inputs=_by_name(_ROWS, "artifact", "feature_set", _LIMITS),
                outputs="fairness",
                name="measure_fairness",
            ),
            Node(
                nodes.compare_with_champion,
                inputs=_by_name(
                    _ROWS,
                    "champion_on_test",
                    "artifact",
                    "feature_set",
                    _MONEY,
                    _LIMITS,
                    _SEED,
                ),
                outputs="champion_comparison",
                name="compare_with_champion",
            ),
            Node(
                behaving.rank_features,
                inputs=_by_name(
                    "model_input",
                    "artifact",
                    "reigning_champion",
                    "champion_on_test",
                    _LIMITS,
                    _SEED,
                ),
                outputs="feature_importance",
                name="rank_features",
            ),
            Node(
                behaving.check_behaviour,
                inputs=_by_name(
                    "model_input",
                    _ROWS,
                    "feature_importance",
                    "artifact",
                    _LIMITS,
                    _SEED,
                ),
                outputs="behavioural_tests",
                name="check_behaviour",
            ),
            Node(
                nodes.decide_gate,
                inputs=_by_name(
                    "champion_comparison", "behavioural_tests", "metrics", _LIMITS
                ),
                outputs="gate_verdict",
                name="decide_gate",
                tags=[TRACKED],
            ),
            Node(
                drawing.draw_performance,
                inputs=_by_name(_ROWS, "artifact", "metrics", _MONEY, _DATASET),
                outputs={
                    "roc": "roc_plot",
                    "precision_recall": "precision_recall_plot",
                    "gains": "gains_plot",
                    "calibration": "calibration_plot",
                    "profit": "profit_plot",
                    "scores": "score_plot",
                },
                name="draw_performance",
            ),
            Node(
                drawing.draw_groups,
                inputs=_by_name("segment_metrics", "feature_importance", "metrics"),
                outputs={"importance": "importance_plot", "segments": "segment_plot"},
                name="draw_groups",
            ),
            Node(
                drawing.write_model_card,
                inputs=_by_name(
                    _ROWS,
                    "artifact",
                    "metrics",
                    "segment_metrics",
                    "fairness",
                    "feature_importance",
                    "champion_comparison",
                    "behavioural_tests",
                    "gate_verdict",
                    _MONEY,
                    _DATASET,
                    _LIMITS,
                ),
                outputs="model_card",
                name="write_model_card",
            ),
        ]
    )


def _by_name(*datasets: str) -> dict[str, str]:
    """Return each dataset under the argument of its name."""
    return {dataset.removeprefix("params:"): dataset for dataset in datasets}

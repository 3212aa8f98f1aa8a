"""The part of the evaluation that people look at: figures and the model card."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.evaluation import drawing
from churn_pipeline.pipelines.wiring import by_name

_JUDGED = (
    "scored_test_rows",
    "metrics",
    "params:decision",
    "params:dataset",
)


def report_pipeline() -> Pipeline:
    """Return the pipeline from metrics and verdict to figures and card."""
    return Pipeline(
        [
            Node(
                drawing.draw_performance,
                inputs=by_name(*_JUDGED),
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
                inputs=by_name("segment_metrics", "feature_importance", "metrics"),
                outputs={"importance": "importance_plot", "segments": "segment_plot"},
                name="draw_groups",
            ),
            Node(
                drawing.write_model_card,
                inputs=by_name(
                    *_JUDGED,
                    "artifact",
                    "segment_metrics",
                    "fairness",
                    "feature_importance",
                    "champion_comparison",
                    "behavioural_tests",
                    "gate_verdict",
                    "data_quality",
                    "params:evaluation",
                ),
                outputs="model_card",
                name="write_model_card",
            ),
        ]
    )

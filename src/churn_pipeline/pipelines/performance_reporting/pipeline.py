"""The performance reporting pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.performance_reporting.nodes import (
    check_calibration,
    draw_performance_overview,
    draw_performance_page,
    judge_performance,
    keep_performance,
    read_log,
    score_cohorts,
)
from churn_pipeline.pipelines.wiring import by_name

RULE = "params:performance_reporting"


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that writes the verdict on the champion's performance."""
    return Pipeline(
        [
            Node(
                check_calibration,
                inputs=by_name(
                    "held_out_of_champion",
                    "model_input_of_champion",
                    "champion",
                    "champion_as_measured",
                    RULE,
                    "params:seed",
                ),
                outputs="calibration_check",
                name="check_calibration",
            ),
            Node(
                score_cohorts,
                inputs=by_name("model_input", "champion", "feature_set"),
                outputs="scored_cohorts",
                name="score_cohorts",
            ),
            Node(
                read_log,
                inputs=by_name("prediction_log", "champion", RULE),
                outputs="logged",
                name="read_log",
            ),
            Node(
                judge_performance,
                inputs=by_name(
                    "scored_cohorts",
                    "logged",
                    "calibration_check",
                    "model_input",
                    "champion",
                    "feature_set",
                    RULE,
                    "params:seed",
                ),
                outputs="performance_report",
                name="judge_performance",
            ),
            Node(
                keep_performance,
                inputs=by_name("performance_report", "watch_history"),
                outputs="performance_watch",
                name="keep_performance",
            ),
            Node(
                draw_performance_page,
                inputs=by_name("performance_report", "watch_history", "params:dataset"),
                outputs="performance_page",
                name="draw_performance_page",
            ),
            Node(
                draw_performance_overview,
                inputs="performance_report",
                outputs="performance_overview",
                name="draw_performance_overview",
            ),
        ]
    )

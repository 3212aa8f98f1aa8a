"""The training pipeline."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from churn_pipeline.hooks.tracking import TRACKED
from churn_pipeline.pipelines.training import nodes
from churn_pipeline.pipelines.wiring import by_name

_INPUTS = by_name(
    "model_input", "feature_set", "params:dataset", "params:training", "params:seed"
)
_TRAINED = {
    "trained": "trained_candidates",
    "seconds": "candidate_seconds",
    "held_out": "held_out_predictions",
}
_CHOSEN = ("artifact", "candidates", "test_predictions")


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that writes the study, the candidates and the artifact."""
    return Pipeline(
        [
            Node(
                nodes.tune_net,
                inputs={**_INPUTS, "decision": "params:decision"},
                outputs={name: name for name in ("net_settings", "tuning_trials")},
                name="tune_net",
            ),
            Node(
                nodes.plot_tuning,
                inputs=by_name("tuning_trials", "params:training"),
                outputs="tuning_plot",
                name="plot_tuning",
            ),
            Node(
                nodes.train_candidates,
                inputs=_INPUTS
                | by_name(
                    "net_settings", "params:feature_engineering", "params:decision"
                ),
                outputs=_TRAINED,
                name="train_candidates",
            ),
            Node(
                nodes.choose_candidate,
                inputs=by_name("model_input", "params:training", "params:decision")
                | _TRAINED,
                outputs={name: name for name in _CHOSEN},
                name="choose_candidate",
            ),
        ],
        tags=TRACKED,
    )

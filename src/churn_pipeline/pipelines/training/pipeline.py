"""The training pipeline."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from churn_pipeline.hooks.tracking import TRACKED
from churn_pipeline.pipelines.training import nodes

_INPUTS = {
    "model_input": "model_input",
    "feature_set": "feature_set",
    "dataset": "params:dataset",
    "training": "params:training",
    "seed": "params:seed",
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
            Node(nodes.plot_tuning, "tuning_trials", "tuning_plot", name="plot_tuning"),
            Node(
                nodes.train_candidates,
                inputs={
                    **_INPUTS,
                    "net_settings": "net_settings",
                    "feature_engineering": "params:feature_engineering",
                    "decision": "params:decision",
                },
                outputs={
                    "trained": "trained_candidates",
                    "seconds": "candidate_seconds",
                    "held_out": "held_out_predictions",
                },
                name="train_candidates",
            ),
            Node(
                nodes.choose_candidate,
                inputs={
                    "model_input": "model_input",
                    "trained": "trained_candidates",
                    "seconds": "candidate_seconds",
                    "held_out": "held_out_predictions",
                    "training": "params:training",
                    "decision": "params:decision",
                },
                outputs={name: name for name in _CHOSEN},
                name="choose_candidate",
            ),
        ],
        tags=TRACKED,
    )

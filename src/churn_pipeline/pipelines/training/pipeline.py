"""The training pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
_FAMILIES = ("net", "logistic", "boosting")


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that writes the study, the candidates and the artifact."""
    candidates = {name: f"candidate_{name}" for name in _FAMILIES}
    seconds = {f"{name}_seconds": f"candidate_{name}_seconds" for name in _FAMILIES}
    return Pipeline(
        [
            Node(
                nodes.tune_net,
                inputs=_INPUTS,
                outputs={
                    "net_settings": "net_settings",
                    "tuning_trials": "tuning_trials",
                },
                name="tune_net",
            ),
            Node(nodes.plot_tuning, "tuning_trials", "tuning_plot", name="plot_tuning"),
            _train(nodes.train_net, "net", net_settings="net_settings"),
            _train(nodes.train_logistic, "logistic"),
            _train(nodes.train_boosting, "boosting"),
            Node(
                nodes.choose_candidate,
                inputs={
                    "model_input": "model_input",
                    **candidates,
                    **seconds,
                    "training": "params:training",
                    "decision": "params:decision",
                },
                outputs={
                    "artifact": "artifact",
                    "candidates": "candidates",
                    "test_predictions": "test_predictions",
                },
                name="choose_candidate",
            ),
        ],
        tags=TRACKED,
    )


def _train(function: Callable[..., Any], family: str, **more: str) -> Node:
    return Node(
        function,
        inputs={**_INPUTS, **more},
        outputs={
            "candidate": f"candidate_{family}",
            "seconds": f"candidate_{family}_seconds",
        },
        name=f"train_{family}",
    )

"""What retraining does otherwise than a first training."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.models.settings import NetSettings
from churn_pipeline.pipelines.training import nodes
from churn_pipeline.pipelines.training.params import Training


def tune_net_again(
    model_input: pd.DataFrame,
    feature_set: dict[str, Any],
    *,
    net_settings_of_champion: dict[str, Any] | None,
    dataset: Dataset,
    training: Training,
    decision: Decision,
    seed: int,
) -> dict[str, Any]:
    """Return the net's best settings and the trials, beginning with the champion's.

    Its settings are the first trial and stay unless another is surely better, so that
    what an earlier study found is not lost. Losses of other rows compare with none:
    its other trials are left behind.

    Args:
        model_input: The rows.
        feature_set: What the columns are.
        net_settings_of_champion: What the champion's study found; None before the
            first champion.
        dataset: The data set.
        training: Settings of every family; those of the net are replaced.
        decision: Costs and values.
        seed: Of the study.
    """
    if net_settings_of_champion is not None:
        start = NetSettings(**net_settings_of_champion)
        training = training.model_copy(update={"net": start})
    return nodes.tune_net(
        model_input,
        feature_set,
        dataset=dataset,
        training=training,
        decision=decision,
        seed=seed,
    )

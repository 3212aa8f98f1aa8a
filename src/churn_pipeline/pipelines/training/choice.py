"""Comparing the candidates on the same rows, and choosing one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.evaluation.profit import Decision

if TYPE_CHECKING:
    from churn_pipeline.release.artifact import Artifact

Metrics = dict[str, float]
Probabilities = dict[str, NDArray[np.float64]]

_RISING = ("roc_auc", "average_precision")


@dataclass(frozen=True)
class Comparison:
    """What the candidates reach, by family.

    Attributes:
        thresholds: From which on a contact is expected to earn money.
        held_out: Metrics of the training rows, each by models that were not fit on
            it.
        test: Metrics of the test rows, which have no say in the choice.
        test_predictions: Customer, date, label and each candidate's probability.
    """

    thresholds: dict[str, float]
    held_out: dict[str, Metrics]
    test: dict[str, Metrics]
    test_predictions: pd.DataFrame

    def ranked(self, choose_by: str) -> list[str]:
        """Return the families by a metric of the held-out rows, the best first."""
        sign = -1 if choose_by in _RISING else 1
        return sorted(
            self.held_out, key=lambda name: sign * self.held_out[name][choose_by]
        )

    def summary(self, chosen: str, seconds: Mapping[str, float]) -> dict[str, Any]:
        """Return what is known about each candidate, as JSON takes it."""
        return {
            name: {
                "family": name,
                "chosen": name == chosen,
                "seconds": seconds[name],
                "threshold": self.thresholds[name],
                "held_out": self.held_out[name],
                "test": self.test[name],
            }
            for name in self.held_out
        }


def compare(
    candidates: Mapping[str, Artifact],
    model_input: pd.DataFrame,
    held_out: pd.DataFrame,
    decision: Decision,
) -> Comparison:
    """Return thresholds and metrics of the candidates on the same rows.

    Args:
        candidates: Artifacts by family.
        model_input: Features, label and split.
        held_out: `label` and each candidate's calibrated probabilities of the
            training rows, by models that were not fit on them.
        decision: Costs and values that the threshold follows from.
    """
    from churn_pipeline.evaluation.profit import best_threshold

    test = model_input[model_input["split"] == "test"]
    judged = held_out[["label", *candidates]].dropna()
    probabilities = {name: judged[name].to_numpy() for name in candidates}
    tested = {name: made.predict(test) for name, made in candidates.items()}
    thresholds = dict.fromkeys(candidates, best_threshold(decision))
    return Comparison(
        thresholds,
        _metrics(judged["label"].to_numpy(), probabilities, thresholds),
        _metrics(test["label"].to_numpy(), tested, thresholds),
        keys_of(model_input, "test").assign(**tested),
    )


def keys_of(model_input: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return customer, observation date and label of a split's rows, in order."""
    rows = model_input[model_input["split"] == split]
    return rows[["customer_id", "observation_date", "label"]].reset_index(drop=True)


def _metrics(
    label: NDArray[np.float64],
    probabilities: Probabilities,
    thresholds: Mapping[str, float],
) -> dict[str, Metrics]:
    """Return the finite metrics of each candidate; none where there are no rows."""
    from churn_pipeline.evaluation.metrics import point_metrics

    if not len(label):
        return {name: {} for name in probabilities}
    found = {
        n: point_metrics(label, p, thresholds[n]) for n, p in probabilities.items()
    }
    return {
        name: {key: value for key, value in values.items() if np.isfinite(value)}
        for name, values in found.items()
    }

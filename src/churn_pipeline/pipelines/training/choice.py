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
        validation: Metrics of the validation rows.
        test: Metrics of the test rows, which have no say in the choice.
        test_predictions: Customer, date, label and each candidate's probability.
    """

    thresholds: dict[str, float]
    validation: dict[str, Metrics]
    test: dict[str, Metrics]
    test_predictions: pd.DataFrame

    def ranked(self, choose_by: str) -> list[str]:
        """Return the families by a validation metric, the best first."""
        sign = -1 if choose_by in _RISING else 1
        return sorted(
            self.validation, key=lambda name: sign * self.validation[name][choose_by]
        )

    def summary(self, chosen: str, seconds: Mapping[str, float]) -> dict[str, Any]:
        """Return what is known about each candidate, as JSON takes it."""
        return {
            name: {
                "family": name,
                "chosen": name == chosen,
                "seconds": seconds[name],
                "threshold": self.thresholds[name],
                "validation": self.validation[name],
                "test": self.test[name],
            }
            for name in self.validation
        }


def compare(
    candidates: Mapping[str, Artifact], model_input: pd.DataFrame, decision: Decision
) -> Comparison:
    """Return thresholds and metrics of the candidates on the same rows.

    Args:
        candidates: Artifacts by family.
        model_input: Features, label and split.
        decision: Costs and values that the threshold follows from.
    """
    from churn_pipeline.evaluation.profit import best_threshold

    validation = model_input[model_input["split"] == "validation"]
    test = model_input[model_input["split"] == "test"]
    validated = {name: made.predict(validation) for name, made in candidates.items()}
    tested = {name: made.predict(test) for name, made in candidates.items()}
    thresholds = dict.fromkeys(candidates, best_threshold(decision))
    return Comparison(
        thresholds,
        _metrics(validation["label"].to_numpy(), validated, thresholds),
        _metrics(test["label"].to_numpy(), tested, thresholds),
        test[["customer_id", "observation_date", "label"]]
        .reset_index(drop=True)
        .assign(**tested),
    )


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

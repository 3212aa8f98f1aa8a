"""Comparing the candidates on the same rows, and choosing one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.evaluation.decision import Decision

if TYPE_CHECKING:
    from churn_pipeline.release.artifact import Artifact

Metrics = dict[str, float]
Probabilities = dict[str, NDArray[np.float64]]

_RISING = ("roc_auc", "average_precision")
_LOSSES = {"profit": "profit_loss"}
"""What a candidate is chosen by where the metric itself is too much left to chance."""


@dataclass(frozen=True)
class Comparison:
    """What the candidates reach, by family.

    Attributes:
        threshold: From which on a contact of usual value is expected to earn money.
        held_out: Metrics of the training rows, each by models that were not fit on
            it.
        test: Metrics of the test rows, which have no say in the choice.
        test_predictions: Customer, date, label and each candidate's probability.
    """

    threshold: float
    held_out: dict[str, Metrics]
    test: dict[str, Metrics]
    test_predictions: pd.DataFrame

    def ranked(self, choose_by: str) -> dict[str, float]:
        """Return each family's value of a held-out metric, the best first."""
        metric = _LOSSES.get(choose_by, choose_by)
        sign = -1 if metric in _RISING else 1
        found = {name: values[metric] for name, values in self.held_out.items()}
        return dict(sorted(found.items(), key=lambda pair: sign * pair[1]))

    def summary(self, chosen: str, seconds: Mapping[str, float]) -> dict[str, Any]:
        """Return what is known about each candidate, as JSON takes it."""
        return {
            name: {
                "family": name,
                "chosen": name == chosen,
                "seconds": seconds[name],
                "threshold": self.threshold,
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
    """Return the metrics of the candidates on the same rows.

    Args:
        candidates: Artifacts by family.
        model_input: Features, label and split.
        held_out: Each candidate's calibrated probabilities of the training rows, in
            order, by models that were not fit on them.
        decision: Costs and values that say who is called.
    """
    test = model_input[model_input["split"] == "test"]
    train = model_input[model_input["split"] == "train"]
    probabilities = {name: held_out[name].to_numpy() for name in candidates}
    tested = {name: made.predict(test) for name, made in candidates.items()}
    return Comparison(
        decision.break_even,
        _metrics(train, probabilities, decision),
        _metrics(test, tested, decision),
        keys_of(model_input, "test").assign(**tested),
    )


def keys_of(model_input: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return customer, observation date and label of a split's rows, in order."""
    rows = model_input[model_input["split"] == split]
    return rows[["customer_id", "observation_date", "label"]].reset_index(drop=True)


def _metrics(
    rows: pd.DataFrame, probabilities: Probabilities, decision: Decision
) -> dict[str, Metrics]:
    """Return the finite metrics of each candidate; none where there are no rows."""
    from churn_pipeline.evaluation.metrics import point_metrics
    from churn_pipeline.evaluation.profit import gains
    from churn_pipeline.evaluation.profit_loss import profit_loss

    if rows.empty:
        return {name: {} for name in probabilities}
    label = rows["label"].to_numpy(np.float64)
    value = decision.values(rows, len(rows))
    threshold, gain = decision.threshold(value), gains(label, decision, value)
    lost = profit_loss(decision, value)
    found = {
        name: {
            **point_metrics(label, p, threshold, gain=gain),
            "threshold": decision.break_even,
            "profit_loss": lost(label, p),
        }
        for name, p in probabilities.items()
    }
    return {
        name: {key: value for key, value in values.items() if np.isfinite(value)}
        for name, values in found.items()
    }

"""What a model earned in a month, and how good it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.metrics import point_metrics
from churn_pipeline.evaluation.profit import gains
from churn_pipeline.params import Params
from churn_pipeline.pipelines.evaluation.rows import columns
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.replay.world import TRUTH
from churn_pipeline.serving.decide import CALL, decide

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


class Figures(Params):
    """One way to keep a model, in one month.

    Attributes:
        profit: Money a customer that its calls earn: expected by the true churn
            probability where that is known, else by the labels.
        realised: Money a customer by the labels that came; None: none did.
        roc_auc: By the labels; None where there are none.
        calibration: Mean distance of predicted from observed churn, by the labels.
        predicted: Mean churn probability.
        observed: Share that left; None where no label came.
        called: Share of the customers that are called.
    """

    profit: float | None
    realised: float | None = None
    roc_auc: float | None = None
    calibration: float | None = None
    predicted: float
    observed: float | None = None
    called: float


@dataclass
class Served:
    """What customers of a day were answered.

    Attributes:
        probability: Churn probability of each, (n,).
        called: Whether each is called, (n,).
        released: Semantic version that took over meanwhile; None: none did.
        refused: Why a challenger that was tried did not; empty where none was refused.
    """

    probability: Floats
    called: NDArray[np.bool_]
    released: str | None = None
    refused: str = ""

    def take(self, other: Served, rows: NDArray[np.int64]) -> None:
        """Take the answers of another to some customers."""
        self.probability[rows] = other.probability[rows]
        self.called[rows] = other.called[rows]


def answered(
    model: Artifact, seen: pd.DataFrame, probability: Floats | None = None
) -> Served:
    """Return what a model answers customers.

    Args:
        model: The model; it decides by its own costs.
        seen: The customers as they look on the day.
        probability: Who knows better than the model; None: its own.
    """
    if probability is None:
        probability = model.predict(columns(seen, model))
    decided = decide(seen, probability, model.manifest).decision
    return Served(probability, np.asarray(decided == CALL))


def figures_of(served: Served, became: pd.DataFrame, decision: Decision) -> Figures:
    """Return what answers came to.

    Args:
        served: The answers.
        became: The customers with their labels and true probabilities.
        decision: Costs and values that hold.
    """
    value = decision.values(became, len(became))
    told = _by_labels(
        served.probability, served.called, became["label"], value, decision
    )
    earned = told.get("realised")
    if TRUTH in became:
        truth = became[TRUTH].to_numpy(np.float64)
        earned = float((served.called * decision.expected(truth, value)).mean())
    return Figures(
        profit=earned,
        predicted=float(served.probability.mean()),
        called=float(served.called.mean()),
        **told,
    )


def _by_labels(
    probability: Floats,
    called: NDArray[np.bool_],
    labels: pd.Series[float],
    value: Floats,
    decision: Decision,
) -> dict[str, float | None]:
    """Return what labels tell of probabilities; nothing where there are none."""
    label = labels.to_numpy(np.float64)
    known = ~np.isnan(label)
    if not known.any():
        return {}
    # Only what hangs on no threshold is told from here: calls depend on more.
    said = point_metrics(label[known], probability[known], 0.5)
    gain = gains(label[known], decision, value[known])
    return {
        "realised": float((called[known] * gain).mean()),
        "roc_auc": None if np.isnan(said["roc_auc"]) else said["roc_auc"],
        "calibration": said["calibration_error"],
        "observed": said["churn_rate"],
    }

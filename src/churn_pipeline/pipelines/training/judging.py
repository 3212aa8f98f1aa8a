"""What the trials of a study are judged by in money: costs, and customers' values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.pipelines.training.params import Training

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Money:
    """Costs, and what the customers of the training rows are worth.

    Attributes:
        decision: Costs and values.
        value: float64, (n_training_rows,): money that each row's customer is worth.
    """

    decision: Decision
    value: Floats

    @classmethod
    def of(
        cls, training: Training, decision: Decision, model_input: pd.DataFrame
    ) -> Money | None:
        """Return what trials are judged by; None where that is the log loss.

        Raises:
            ValueError: The column of what a customer is worth is not there, or holds
                what is no value.
        """
        if training.tuning.objective == "log_loss":
            return None
        rows = model_input[model_input["split"] == "train"]
        return cls(decision.costs, decision.values(rows, len(rows)))

    def loss(self, label: Floats, chance: Floats, places: NDArray[np.int64]) -> float:
        """Return the money lost a customer to not knowing who leaves.

        Args:
            label: (n,), 1 churned, 0 stayed.
            chance: (n,), churn probabilities in [0, 1].
            places: (n,), places of these rows among the training rows.
        """
        from churn_pipeline.evaluation.profit_loss import profit_loss

        return profit_loss(self.decision, self.value[places])(label, chance)

    def digest(self) -> str:
        """Return the sha256 of everything in here."""
        found = hashlib.sha256(json.dumps(asdict(self.decision)).encode())
        found.update(np.ascontiguousarray(self.value).tobytes())
        return found.hexdigest()

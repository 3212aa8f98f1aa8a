"""What a candidate is: a fitted model, the vocabulary it reads by, its calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.calibration import Calibration, Floats
from churn_pipeline.models.conformal import Conformal
from churn_pipeline.models.graph import Graph
from churn_pipeline.models.table import Table
from churn_pipeline.models.vocabulary import Vocabulary


@dataclass(frozen=True)
class Rows:
    """Encoded rows: what a model is fit on.

    Attributes:
        numbers: float32, (n_rows, n_numbers); NaN where missing.
        codes: int64, (n_rows, n_categories); see `Vocabulary`.
        label: float64, (n_rows,): 1 churned, 0 stayed; NaN where not known.
        fold: int64, (n_rows,): which fold of the cross-fitting the row's customer is
            in, from 0; -1 where the row is none to fit on.
        taught: float32, (n_rows, n_folds): a teacher's probability that has not seen
            the fold; None where there is no teacher.
    """

    numbers: NDArray[np.float32]
    codes: NDArray[np.int64]
    label: Floats
    fold: NDArray[np.int64]
    taught: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.label)

    def take(self, rows: NDArray[np.generic] | slice) -> Rows:
        """Return the rows given by a mask, a slice or positions."""
        taught = None if self.taught is None else self.taught[rows]
        return Rows(
            self.numbers[rows],
            self.codes[rows],
            self.label[rows],
            self.fold[rows],
            taught,
        )

    @property
    def n_folds(self) -> int:
        """Number of folds; 0 where there are no rows to fit on."""
        return int(self.fold.max(initial=-1)) + 1


class Model(Protocol):
    """A fitted model of any family."""

    @property
    def n_numbers(self) -> int:
        """Number of numeric features."""

    def logit(self, numbers: NDArray[np.float32], codes: NDArray[np.int64]) -> Floats:
        """Return uncalibrated logits, float64, (n_rows,)."""

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return everything learnt, by name."""

    def add_to(self, graph: Graph) -> str:
        """Add the model to a graph.

        Returns:
            Name of the probabilities of churn and of staying, uncalibrated, float64,
            (n, 2), above 0.
        """


@dataclass(frozen=True)
class CrossFitted:
    """A model fit on every row, and what models that have not seen a row say of it.

    Attributes:
        model: The model, uncalibrated.
        held_out: float64, (n_rows,): for each row that it was fit on, the uncalibrated
            logit of models of the same kind that no row of its fold was fit on.
    """

    model: Model
    held_out: Floats


@dataclass(frozen=True)
class Classifier:
    """A model from raw row to calibrated probability."""

    model: Model
    vocabulary: Vocabulary
    calibration: Calibration
    conformal: Conformal

    def probability(self, table: Table) -> Floats:
        """Return churn probabilities in [0, 1], float64, (n_rows,)."""
        codes = self.vocabulary.codes(table.categories)
        return self.calibration.probability(self.model.logit(table.numbers, codes))

    def to_onnx(self) -> bytes:
        """Return the ONNX model: `numbers` and `categories` in, probability out."""
        graph = Graph(self.model.n_numbers, self.vocabulary)
        return graph.finish(self.calibration.add_to(graph, self.model.add_to(graph)))

    def to_safetensors(self) -> bytes:
        """Return everything learnt as safetensors."""
        from safetensors.numpy import save

        calibration = self.calibration.arrays()
        arrays = {
            **{f"model.{name}": array for name, array in self.model.arrays().items()},
            **{f"calibration.{name}": array for name, array in calibration.items()},
        }
        return save({name: np.ascontiguousarray(arrays[name]) for name in arrays})

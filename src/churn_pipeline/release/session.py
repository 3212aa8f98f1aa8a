"""The model of an artifact, running: tables in, probabilities or log-odds out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.table import MISSING, Table

# Larger batches leave the processor's cache: a net answers 60,000 rows/s in batches of
# 64, 54,000 of 256, 46,000 of 4,096; what is quicker by far wants no smaller ones.
_BATCH = 256
_SURE = 1e-7
"""float32 tells probabilities no nearer to 1 apart."""


class Session:
    """An ONNX model on one thread."""

    def __init__(self, model: bytes) -> None:
        """Start it.

        Args:
            model: The ONNX model: `numbers` and `categories` in, probability out.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._runtime = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [given.name for given in self._runtime.get_inputs()]
        self._outputs = [told.name for told in self._runtime.get_outputs()]

    def probability(self, table: Table) -> NDArray[np.float64]:
        """Return churn probabilities in [0, 1], float64, (n_rows,)."""
        inputs = {"numbers": table.numbers, "categories": table.categories}
        out = np.empty(len(table))
        for start in range(0, len(table), _BATCH):
            rows = slice(start, start + _BATCH)
            given = {name: inputs[name][rows] for name in self._inputs}
            (out[rows],) = self._runtime.run(self._outputs, given)
        return out

    def probability_of_one(
        self, numbers: Sequence[float | None], categories: Sequence[str | None]
    ) -> float:
        """Return the churn probability of one row, in [0, 1]: `probability`, quicker.

        Args:
            numbers: In the order of the model; None is missing.
            categories: Likewise; None and `""` are missing.
        """
        given: dict[str, NDArray[Any]] = {}
        if "numbers" in self._inputs:
            given["numbers"] = np.array((numbers,), np.float32)
        if "categories" in self._inputs:
            texts = [MISSING if text is None else text for text in categories]
            given["categories"] = np.array((texts,), object)
        (found,) = self._runtime.run(self._outputs, given)
        return float(found[0])

    def log_odds(self, table: Table) -> NDArray[np.float64]:
        """Return the log-odds of churn, float64, (n_rows,), within ±16.2."""
        return log_odds(self.probability(table))


def log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log(p / (1 - p)), float64, of probabilities held apart from 0 and 1.

    Examples:
        >>> log_odds(np.array([0.5, 1.0])).round(2).tolist()
        [0.0, 16.12]
    """
    held = np.clip(probability, _SURE, 1 - _SURE)
    found: NDArray[np.float64] = np.log(held / (1 - held))
    return found

"""The fitted net as a model: logits, arrays and its ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from churn_pipeline.models.calibration import Floats, to_logit
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.fit import Report, fit_net
from churn_pipeline.models.graph import NUMBERS, Graph
from churn_pipeline.models.net import EnsembleNet, learn_encoding
from churn_pipeline.models.settings import FitSettings, NetSettings

_BATCH = 8192
_EDGE = 1e-7


@dataclass(frozen=True)
class NetModel:
    """A fitted ensemble of nets.

    Attributes:
        net: The net, on the host.
        validation_loss: Its log loss on the validation rows.
    """

    net: EnsembleNet
    validation_loss: float

    @property
    def n_numbers(self) -> int:
        """Number of numeric features."""
        return len(self.net.encoder.fill)

    def logit(self, numbers: NDArray[np.float32], codes: NDArray[np.int64]) -> Floats:
        """Return the logit of the mean of the members' probabilities, float64."""
        out = np.empty(len(numbers))
        with torch.inference_mode():
            for start in range(0, len(numbers), _BATCH):
                rows = slice(start, start + _BATCH)
                inputs = (torch.from_numpy(part[rows]) for part in (numbers, codes))
                out[rows] = self.net(*inputs).double().sigmoid().mean(dim=1).numpy()
        return to_logit(out)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return everything learnt, by name."""
        return {name: value.numpy() for name, value in self.net.state_dict().items()}

    def add_to(self, graph: Graph) -> str:
        """Add the model to a graph; return the logit's name, float64, (n, 1)."""
        arrays = self.arrays()
        inputs = self._add_encoder(graph, arrays)
        skip = _shared(graph, inputs, arrays, "skip")
        x = _shared(graph, inputs, arrays, "first")
        k, width = self.net.settings.members, self.net.settings.width
        shape = graph.constant(np.array([-1, k, width]))
        x = graph.node("Relu", graph.node("Reshape", x, shape))
        x = graph.node("Transpose", x, perm=[1, 0, 2])  # (k, n, width)
        for layer in range(len(self.net.hidden)):
            x = graph.node("Relu", _stacked(graph, x, arrays, f"hidden.{layer}"))
        x = _stacked(graph, x, arrays, "last")  # (k, n, 1)
        x = graph.node("Squeeze", x, graph.constant(np.array([2])))
        x = graph.node("Add", graph.node("Transpose", x, perm=[1, 0]), skip)  # (n, k)
        return _add_logit_of_mean(graph, x)

    def _add_encoder(self, graph: Graph, arrays: dict[str, NDArray[np.generic]]) -> str:
        parts = []
        if self.n_numbers:
            parts = self._add_numbers(graph, arrays)
        for column, code in enumerate(graph.codes()):
            table = graph.constant(arrays[f"encoder.tables.{column}"])
            parts.append(graph.node("Gather", table, code, axis=0))
        return graph.node("Concat", *parts, axis=1)

    def _add_numbers(
        self, graph: Graph, arrays: dict[str, NDArray[np.generic]]
    ) -> list[str]:
        missing = graph.node("IsNaN", NUMBERS)
        fill = graph.constant(arrays["encoder.fill"][None, :])
        filled = graph.node("Where", missing, fill, NUMBERS)
        column = graph.constant(arrays["encoder.column"])
        spread = graph.node("Gather", filled, column, axis=1)
        left = graph.constant(arrays["encoder.left"][None, :])
        inverse_width = graph.constant(arrays["encoder.inverse_width"][None, :])
        bins = graph.node("Mul", graph.node("Sub", spread, left), inverse_width)
        zero, one = (graph.constant(np.array(v, np.float32)) for v in (0, 1))
        gaps = graph.constant(arrays["encoder.gaps"])
        gap = graph.float(graph.node("Gather", missing, gaps, axis=1))
        return [graph.node("Clip", bins, zero, one), gap]


def train_net(
    training: Rows,
    validation: Rows,
    n_codes: tuple[int, ...],
    *,
    net: NetSettings,
    fit: FitSettings,
    seed: int,
    report: Report | None = None,
) -> NetModel:
    """Return a net fit on training rows, stopped by validation rows.

    Args:
        training: Rows to fit on; labels known.
        validation: Rows that tell when to stop; labels known.
        n_codes: Number of codes of each text column.
        net: Shape of the net.
        fit: How and where it is fit.
        seed: The same seed on the same machine gives the same net.
        report: Told each epoch's validation log loss; may raise to stop.
    """
    encoding = learn_encoding(
        training.numbers, training.codes, n_codes=n_codes, n_bins=net.bins
    )
    base = float(to_logit(np.array((training.label.sum() + 1) / (len(training) + 2))))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        started = EnsembleNet(encoding, net, base)
    fit_net(started, training, validation, settings=fit, seed=seed, report=report)
    logit = NetModel(started, np.nan).logit(validation.numbers, validation.codes)
    # log(1 + e^x) - y x: the log loss, measured here in float32 whatever the device
    # and however many processes the net was fit with.
    loss = np.mean(np.logaddexp(0, logit) - validation.label * logit)
    return NetModel(started, float(loss))


def _shared(
    graph: Graph, x: str, arrays: dict[str, NDArray[np.generic]], layer: str
) -> str:
    weight, bias = arrays[f"{layer}.weight"][0], arrays[f"{layer}.bias"][0]
    return graph.node("Gemm", x, graph.constant(weight), graph.constant(bias))


def _stacked(
    graph: Graph, x: str, arrays: dict[str, NDArray[np.generic]], layer: str
) -> str:
    product = graph.node("MatMul", x, graph.constant(arrays[f"{layer}.weight"]))
    return graph.node("Add", product, graph.constant(arrays[f"{layer}.bias"]))


def _add_logit_of_mean(graph: Graph, logits: str) -> str:
    chance = graph.node("Sigmoid", graph.double(logits))
    mean = graph.node("ReduceMean", chance, axes=[1], keepdims=1)
    low, high, one = (graph.constant(np.array(v)) for v in (_EDGE, 1 - _EDGE, 1.0))
    mean = graph.node("Min", graph.node("Max", mean, low), high)
    return graph.node(
        "Sub", graph.node("Log", mean), graph.node("Log", graph.node("Sub", one, mean))
    )

"""Another calibration for a model that is made: its map is replaced, the rest stays.

The map comes last in the graph and is learnt on the logit alone, so that neither the
data nor the settings that the model was made from are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from churn_pipeline.models.calibration import Calibration
from churn_pipeline.models.graph import PROBABILITY

if TYPE_CHECKING:
    from onnx import ModelProto

UNCALIBRATED = Calibration(1.0, 1.0, 0.0)
"""Changes nothing: what a model answers with it is the sigmoid of its logit."""

_LAST = ("Identity", "Cast", "Sigmoid", "Add", "MatMul")
"""How the graph ends, the last one first; see `Calibration.add_to`."""
_KEY = "calibration.map"


def recalibrated(model: bytes, calibration: Calibration) -> bytes:
    """Return an ONNX model with another calibration.

    Args:
        model: As `Classifier.to_onnx` makes it.
        calibration: The map that takes the place of its own.

    Raises:
        ValueError: It does not end in a calibration.
    """
    import onnx
    from onnx import numpy_helper

    found = onnx.load_from_string(model)
    slopes = np.array([calibration.slope_low, -calibration.slope_high])
    values = dict(
        zip(_constants(found), (np.array(calibration.intercept), slopes), strict=True)
    )
    for held in found.graph.initializer:
        if held.name in values:
            held.CopyFrom(numpy_helper.from_array(values[held.name], held.name))
    return bytes(found.SerializeToString(deterministic=True))


def recalibrated_weights(weights: bytes, calibration: Calibration) -> bytes:
    """Return the learnt arrays (safetensors) with another calibration."""
    from safetensors.numpy import load, save

    (array,) = calibration.arrays().values()
    return save({**load(weights), _KEY: np.ascontiguousarray(array)})


def _constants(model: ModelProto) -> tuple[str, str]:
    """Return the names of the intercept and of the slopes."""
    made_by = {node.output[0]: node for node in model.graph.node}
    chain, name = [], PROBABILITY
    for operator in _LAST:
        node = made_by.get(name)
        if node is None or node.op_type != operator:
            raise ValueError(
                f"expected a model that ends in {', '.join(reversed(_LAST))}, got "
                f"{node.op_type if node else 'an input'} in place of {operator}; train "
                "again with this version"
            )
        chain.append(node)
        name = node.input[0]
    return chain[3].input[1], chain[4].input[1]

"""A small builder of ONNX graphs: a raw feature row in, a probability out.

The graphs are written by hand: the exporters of torch fail on the stock ensemble
modules or take long, and the same few operators serve every family of models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.vocabulary import UNKNOWN_CODE, Vocabulary

NUMBERS = "numbers"
CATEGORIES = "categories"
PROBABILITY = "churn_probability"

# The oldest versions that have what is used here, so that older runtimes answer too.
_OPSET = 17
_ML_OPSET = 3
_IR_VERSION = 8
_ML_DOMAIN = "ai.onnx.ml"


class Graph:
    """A graph under construction; each method returns the name of a new tensor."""

    def __init__(self, n_numbers: int, vocabulary: Vocabulary) -> None:
        """Start a graph.

        Args:
            n_numbers: Number of numeric features, input `numbers` (n, n_numbers).
            vocabulary: Levels of the text features, input `categories` (n, n_cat).
        """
        self._n_numbers = n_numbers
        self._vocabulary = vocabulary
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._codes: list[str] | None = None

    def constant(self, array: NDArray[Any]) -> str:
        """Add an array of any type."""
        from onnx import numpy_helper

        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array.copy(), name))
        return name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator of the standard domain."""
        return self._add(operator, inputs, "", attributes)

    def ml_node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator of the `ai.onnx.ml` domain."""
        return self._add(operator, inputs, _ML_DOMAIN, attributes)

    def double(self, tensor: str) -> str:
        """Cast a tensor to float64."""
        from onnx import TensorProto

        return self.node("Cast", tensor, to=TensorProto.DOUBLE)

    def float(self, tensor: str) -> str:
        """Cast a tensor to float32."""
        from onnx import TensorProto

        return self.node("Cast", tensor, to=TensorProto.FLOAT)

    def codes(self) -> list[str]:
        """Return the codes of each text column, int64, (n,)."""
        if self._codes is None:
            self._codes = [
                self._code(column) for column in range(len(self._vocabulary.levels))
            ]
        return self._codes

    def finish(self, probability: str) -> bytes:
        """Return the model's bytes; the same graph gives the same bytes.

        Args:
            probability: Name of a float32 tensor of shape (n,).
        """
        from onnx import TensorProto, helper

        self._nodes.append(helper.make_node("Identity", [probability], [PROBABILITY]))
        output = helper.make_tensor_value_info(PROBABILITY, TensorProto.FLOAT, ["n"])
        graph = helper.make_graph(
            self._nodes, "churn", self._inputs(), [output], self._constants
        )
        model = helper.make_model(
            graph,
            ir_version=_IR_VERSION,
            producer_name="churn_pipeline",
            opset_imports=[
                helper.make_opsetid("", _OPSET),
                helper.make_opsetid(_ML_DOMAIN, _ML_OPSET),
            ],
        )
        return bytes(model.SerializeToString(deterministic=True))

    def _inputs(self) -> list[Any]:
        from onnx import TensorProto, helper

        kinds = (
            (NUMBERS, TensorProto.FLOAT, self._n_numbers),
            (CATEGORIES, TensorProto.STRING, len(self._vocabulary.levels)),
        )
        return [
            helper.make_tensor_value_info(name, kind, ["n", width])
            for name, kind, width in kinds
            if width
        ]

    def _code(self, column: int) -> str:
        code_of = self._vocabulary.code_of(column)
        position = self.constant(np.array(column, np.int64))
        return self.ml_node(
            "LabelEncoder",
            self.node("Gather", CATEGORIES, position, axis=1),
            keys_strings=list(code_of),
            values_int64s=list(code_of.values()),
            default_int64=UNKNOWN_CODE,
        )

    def _add(
        self,
        operator: str,
        inputs: tuple[str, ...],
        domain: str,
        attributes: dict[str, Any],
    ) -> str:
        from onnx import helper

        name = f"t{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(
                operator, list(inputs), [name], name, domain=domain, **attributes
            )
        )
        return name

"""A small builder of ONNX graphs: a raw feature row in, a probability out.

The graphs are written by hand: the exporters of torch fail on the stock ensemble
modules or take long, and the same few operators serve every family of models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.table import MISSING
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
    """A graph under construction; each method returns the name of a new tensor.

    Attributes:
        n_numbers: Number of numeric features.
    """

    def __init__(self, n_numbers: int, vocabulary: Vocabulary) -> None:
        """Start a graph.

        Args:
            n_numbers: Number of numeric features, input `numbers` (n, n_numbers).
            vocabulary: Levels of the text features, input `categories` (n, n_cat).
        """
        self.n_numbers = n_numbers
        self._vocabulary = vocabulary
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

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

    def places(self) -> str:
        """Add the place of each text in a table of all columns' codes.

        The columns' codes stand one column after the other; each column's begin with
        missing and unknown. All columns are looked up together, first in one list of
        all their texts: a node costs more than what it does for one row.

        Returns:
            Name of the places, int64, (n, n_categories).
        """
        levels = self._vocabulary.levels
        texts = sorted({MISSING}.union(*levels))
        starts = np.cumsum([0, *self._vocabulary.sizes[:-1]])
        place = np.empty((len(texts) + 1, len(levels)), np.int64)
        for column, start in enumerate(starts.tolist()):
            code_of = self._vocabulary.code_of(column)
            codes = [code_of.get(text, UNKNOWN_CODE) for text in texts]
            place[:, column] = [start + code for code in (*codes, UNKNOWN_CODE)]
        known = self.ml_node(
            "LabelEncoder",
            CATEGORIES,
            keys_strings=texts,
            values_int64s=list(range(len(texts))),
            default_int64=len(texts),
        )
        return self.node("GatherElements", self.constant(place), known, axis=0)

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
            (NUMBERS, TensorProto.FLOAT, self.n_numbers),
            (CATEGORIES, TensorProto.STRING, len(self._vocabulary.levels)),
        )
        return [
            helper.make_tensor_value_info(name, kind, ["n", width])
            for name, kind, width in kinds
            if width
        ]

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

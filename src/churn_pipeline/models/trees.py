"""Boosted trees as arrays: what they say of rows, and their ONNX operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.calibration import Floats, add_chances
from churn_pipeline.models.graph import NUMBERS, Graph


@dataclass(frozen=True)
class Trees:
    """The nodes of all trees, one after the other.

    Attributes:
        tree: int64, (n_nodes,): tree of each node.
        node: int64, (n_nodes,): number within its tree; 0 is the root.
        column: int64, (n_nodes,): input column compared; 0 in a leaf.
        threshold: float64, (n_nodes,): rows of at most this go left.
        left: int64, (n_nodes,): node where they go.
        right: int64, (n_nodes,): node where the others go.
        missing_left: bool, (n_nodes,): where missing values go.
        leaf: bool, (n_nodes,).
        value: float64, (n_nodes,): what a leaf adds to the logit.
    """

    tree: NDArray[np.int64]
    node: NDArray[np.int64]
    column: NDArray[np.int64]
    threshold: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    leaf: NDArray[np.bool_]
    value: Floats


@dataclass(frozen=True)
class Boosting:
    """Fitted trees over numbers and over categories ranked by their churn rate.

    Attributes:
        trees: The nodes.
        ranks: One float32 array a text column: what stands for each code.
        base: Logit before the first tree.
        n_numbers: Number of numeric features.
    """

    trees: Trees
    ranks: tuple[NDArray[np.float32], ...]
    base: float
    n_numbers: int

    def logit(self, numbers: NDArray[np.float32], codes: NDArray[np.int64]) -> Floats:
        """Return uncalibrated logits, float64, (n_rows,)."""
        inputs = design(numbers, codes, self.ranks)
        out = np.full(len(inputs), self.base)
        roots = np.flatnonzero(self.trees.node == 0)
        for root in roots.tolist():
            out += self.trees.value[self._leaves(inputs, root)]
        return out

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return everything learnt, by name."""
        nodes = {f"trees.{name}": array for name, array in vars(self.trees).items()}
        ranks = {f"ranks.{i}": rank for i, rank in enumerate(self.ranks)}
        return {**nodes, **ranks, "base": self._base()}

    def add_to(self, graph: Graph) -> str:
        """Add the model to a graph; return the name of its two probabilities."""
        parts = [NUMBERS] if self.n_numbers else []
        if self.ranks:
            ranks = graph.constant(np.concatenate(self.ranks))
            parts.append(graph.node("Gather", ranks, graph.places(), axis=0))
        inputs = graph.double(graph.node("Concat", *parts, axis=1))
        # The operator adds up in float64 and answers in float32, whatever comes in.
        grown = graph.ml_node("TreeEnsembleRegressor", inputs, **self._attributes())
        base = graph.constant(self._base())
        return add_chances(graph, graph.node("Add", graph.double(grown), base))

    def _base(self) -> Floats:
        return np.array([self.base])

    def _leaves(self, inputs: Floats, root: int) -> NDArray[np.int64]:
        """Return the position of the leaf of a tree that each row falls into."""
        trees = self.trees
        at = np.full(len(inputs), root)
        while not trees.leaf[at].all():
            value = inputs[np.arange(len(at)), trees.column[at]]
            goes_left = (value <= trees.threshold[at]) | (
                np.isnan(value) & trees.missing_left[at]
            )
            step = root + np.where(goes_left, trees.left[at], trees.right[at])
            at = np.where(trees.leaf[at], at, step)
        return at

    def _attributes(self) -> dict[str, Any]:
        from onnx import numpy_helper

        trees, leaf = self.trees, self.trees.leaf
        return {
            "n_targets": 1,
            "aggregate_function": "SUM",
            "post_transform": "NONE",
            "nodes_treeids": trees.tree.tolist(),
            "nodes_nodeids": trees.node.tolist(),
            "nodes_featureids": trees.column.tolist(),
            "nodes_values_as_tensor": numpy_helper.from_array(trees.threshold),
            "nodes_truenodeids": trees.left.tolist(),
            "nodes_falsenodeids": trees.right.tolist(),
            "nodes_missing_value_tracks_true": trees.missing_left.astype(int).tolist(),
            "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
            "target_treeids": trees.tree[leaf].tolist(),
            "target_nodeids": trees.node[leaf].tolist(),
            "target_ids": [0] * int(leaf.sum()),
            "target_weights_as_tensor": numpy_helper.from_array(trees.value[leaf]),
        }


def design(
    numbers: NDArray[np.float32],
    codes: NDArray[np.int64],
    ranks: tuple[NDArray[np.float32], ...],
) -> Floats:
    """Return the trees' input, float64, (n_rows, n_numbers + n_categories)."""
    return np.concatenate([numbers, ranked(codes, ranks)], axis=1, dtype=np.float64)


def ranked(
    codes: NDArray[np.int64], ranks: tuple[NDArray[np.float32], ...]
) -> NDArray[np.float32]:
    """Return what stands for each code, (n_rows, n_categories)."""
    out = np.empty(codes.shape, np.float32)
    for column, rank in enumerate(ranks):
        out[:, column] = rank[codes[:, column]]
    return out


def stack(predictors: list[Any]) -> Trees:
    """Return the nodes of scikit-learn's trees, one after the other.

    Args:
        predictors: One `TreePredictor` of scikit-learn a tree.
    """
    counts = [len(predictor.nodes) for predictor in predictors]
    nodes = np.concatenate([predictor.nodes for predictor in predictors])
    leaf = nodes["is_leaf"].astype(bool)
    inner = ~leaf
    # Scikit-learn writes +inf where only missing values go right.
    threshold = np.where(inner, nodes["num_threshold"], 0.0)
    return Trees(
        tree=np.repeat(np.arange(len(counts)), counts),
        node=np.concatenate([np.arange(count) for count in counts]),
        column=np.where(inner, nodes["feature_idx"], 0).astype(np.int64),
        threshold=threshold.astype(np.float64),
        left=np.where(inner, nodes["left"], 0).astype(np.int64),
        right=np.where(inner, nodes["right"], 0).astype(np.int64),
        missing_left=(nodes["missing_go_to_left"].astype(bool)) & inner,
        leaf=leaf,
        value=np.where(leaf, nodes["value"], 0.0),
    )

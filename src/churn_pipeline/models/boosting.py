"""Histogram gradient boosting of scikit-learn, and its trees as an ONNX operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.calibration import Floats, to_logit
from churn_pipeline.models.classifier import CrossFitted, Rows
from churn_pipeline.models.cross_fit import fit_folds, join_folds
from churn_pipeline.models.graph import NUMBERS, Graph
from churn_pipeline.models.settings import BoostingSettings

# Rows by which a category's churn rate is pulled to the average.
_PRIOR_ROWS = 20.0
_LARGEST = float(np.finfo(np.float32).max)


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
        """Add the model to a graph; return the logit's name, float64, (n, 1)."""
        parts = [NUMBERS] if self.n_numbers else []
        for rank, code in zip(self.ranks, graph.codes()):
            ranks = graph.constant(rank[:, None])
            parts.append(graph.node("Gather", ranks, code, axis=0))
        inputs = graph.double(graph.node("Concat", *parts, axis=1))
        # The operator adds up in float64 and answers in float32, whatever comes in.
        grown = graph.ml_node("TreeEnsembleRegressor", inputs, **self._attributes())
        return graph.node("Add", graph.double(grown), graph.constant(self._base()))

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
    return np.concatenate([numbers, _ranked(codes, ranks)], axis=1, dtype=np.float64)


def _ranked(
    codes: NDArray[np.int64], ranks: tuple[NDArray[np.float32], ...]
) -> NDArray[np.float32]:
    """Return what stands for each code, (n_rows, n_categories)."""
    out = np.empty(codes.shape, np.float32)
    for column, rank in enumerate(ranks):
        out[:, column] = rank[codes[:, column]]
    return out


def fit_boosting(
    rows: Rows, n_codes: tuple[int, ...], *, settings: BoostingSettings, seed: int
) -> CrossFitted:
    """Return boosted trees of all rows, as many as the folds want on average.

    Each fold's trees stop where they lower the log loss of its rows no more. The mean
    of these numbers holds for all: a number of its own would flatter each fold.

    Args:
        rows: Rows to fit on, in at least two folds; labels known.
        n_codes: Number of codes of each text column.
        settings: Shape and number of the trees.
        seed: The same seed gives the same trees.
    """

    def grow(training: Rows, held: Rows) -> _Grown:
        return _grow(training, n_codes, settings=settings, seed=seed, until=held)

    grown = fit_folds(rows, grow)
    n_trees = max(1, round(float(np.mean([fold.best for fold in grown]))))
    held = [rows.take(rows.fold == fold) for fold in range(len(grown))]
    logits = [
        found.boosting(n_trees).logit(part.numbers, part.codes)
        for found, part in zip(grown, held, strict=True)
    ]
    whole = replace(settings, max_trees=n_trees)
    model = _grow(rows, n_codes, settings=whole, seed=seed).boosting(n_trees)
    return CrossFitted(model, join_folds(rows, logits))


def fit_without(
    rows: Rows,
    n_codes: tuple[int, ...],
    fold: int,
    *,
    settings: BoostingSettings,
    seed: int,
) -> Callable[[Rows], Floats]:
    """Return what tells the probability, (n_rows,), by trees without one fold.

    Args:
        rows: Rows to fit on, in at least two folds; labels known.
        n_codes: Number of codes of each text column.
        fold: The fold whose rows are used for the number of trees alone.
        settings: Shape and number of the trees.
        seed: The same seed gives the same trees.
    """
    held = rows.fold == fold
    grown = _grow(
        rows.take(~held), n_codes, settings=settings, seed=seed, until=rows.take(held)
    )
    return grown.chance


@dataclass(frozen=True)
class _Grown:
    """Trees as scikit-learn grew them.

    Attributes:
        model: Scikit-learn's.
        ranks: What stands for each code.
        base: Logit before the first tree.
        best: Number of trees with the least log loss of the rows held out.
        n_numbers: Number of numeric features.
    """

    model: Any
    ranks: tuple[NDArray[np.float32], ...]
    base: float
    best: int
    n_numbers: int

    def boosting(self, n_trees: int) -> Boosting:
        """Return the model of the first so many trees."""
        trees = _stack([grown[0] for grown in self.model._predictors[:n_trees]])
        return Boosting(trees, self.ranks, self.base, self.n_numbers)

    def chance(self, rows: Rows) -> Floats:
        """Return the probability of rows by the best number of trees, (n_rows,)."""
        inputs = _finite(rows, _ranked(rows.codes, self.ranks))
        stages = self.model.staged_predict_proba(inputs)
        return np.asarray(next(islice(stages, self.best - 1, None))[:, 1])


def _grow(
    training: Rows,
    n_codes: tuple[int, ...],
    *,
    settings: BoostingSettings,
    seed: int,
    until: Rows | None = None,
) -> _Grown:
    """Return trees, `max_trees` or until they lower the loss of rows no more."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    ranks = _rank_codes(training, n_codes)
    model = HistGradientBoostingClassifier(
        learning_rate=settings.learning_rate,
        max_iter=settings.max_trees,
        max_leaf_nodes=settings.max_leaves,
        min_samples_leaf=settings.min_leaf_rows,
        l2_regularization=settings.l2,
        max_features=settings.features,
        early_stopping=until is not None,
        n_iter_no_change=settings.patience,
        scoring="loss",
        random_state=seed,
    )
    inputs = _finite(training, _cross_ranked(training, n_codes))
    # Scikit-learn refuses columns without a value.
    inputs[:, np.isnan(inputs).all(axis=0)] = 0.0
    if until is None:
        model.fit(inputs, training.label)
        best = settings.max_trees
    else:
        held = _finite(until, _ranked(until.codes, ranks))
        model.fit(inputs, training.label, X_val=held, y_val=until.label)
        best = max(1, int(np.argmax(model.validation_score_)))
    base = float(np.ravel(model._baseline_prediction)[0])
    return _Grown(model, ranks, base, best, training.numbers.shape[1])


def _finite(rows: Rows, ranked: NDArray[np.float32]) -> Floats:
    """Return the trees' input without infinities, which scikit-learn refuses."""
    inputs = np.concatenate([rows.numbers, ranked], axis=1, dtype=np.float64)
    return np.clip(inputs, -_LARGEST, _LARGEST)


def _cross_ranked(rows: Rows, n_codes: tuple[int, ...]) -> NDArray[np.float32]:
    """Return what stands for each row's codes, learnt from the other folds alone.

    A rare category's rate has the labels of its rows in it: trees that saw it beside
    these labels would trust it too much.

    Source: Micci-Barreca 2001; cross-fit as in scikit-learn's `TargetEncoder`.
    """
    part = rows.fold
    if len(np.unique(part)) == 1:
        part = np.arange(len(rows)) % 2
    out = np.empty(rows.codes.shape, np.float32)
    for number in np.unique(part):
        own = part == number
        ranks = _rank_codes(rows.take(~own), n_codes)
        out[own] = _ranked(rows.codes[own], ranks)
    return out


def _rank_codes(
    rows: Rows, n_codes: tuple[int, ...]
) -> tuple[NDArray[np.float32], ...]:
    """Return each code's logit of the churn rate, pulled to the average."""
    mean = (rows.label.sum() + 1) / (len(rows) + 2)
    ranks = []
    for column, size in enumerate(n_codes):
        codes = rows.codes[:, column]
        churned = np.bincount(codes, rows.label, minlength=size)
        count = np.bincount(codes, minlength=size)
        rate = (churned + _PRIOR_ROWS * mean) / (count + _PRIOR_ROWS)
        ranks.append(to_logit(rate).astype(np.float32))
    return tuple(ranks)


def _stack(predictors: list[Any]) -> Trees:
    """Return the nodes of scikit-learn's trees, one after the other."""
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

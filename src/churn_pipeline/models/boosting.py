"""Histogram gradient boosting of scikit-learn, its trees' number by folds held out."""

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
from churn_pipeline.models.settings import BoostingSettings
from churn_pipeline.models.trees import Boosting, ranked, stack

# Rows by which a category's churn rate is pulled to the average.
_PRIOR_ROWS = 20.0
_LARGEST = float(np.finfo(np.float32).max)


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
        trees = stack([grown[0] for grown in self.model._predictors[:n_trees]])
        return Boosting(trees, self.ranks, self.base, self.n_numbers)

    def chance(self, rows: Rows) -> Floats:
        """Return the probability of rows by the best number of trees, (n_rows,)."""
        inputs = _finite(rows, ranked(rows.codes, self.ranks))
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
        held = _finite(until, ranked(until.codes, ranks))
        model.fit(inputs, training.label, X_val=held, y_val=until.label)
        best = max(1, int(np.argmax(model.validation_score_)))
    base = float(np.ravel(model._baseline_prediction)[0])
    return _Grown(model, ranks, base, best, training.numbers.shape[1])


def _finite(rows: Rows, categories: NDArray[np.float32]) -> Floats:
    """Return the trees' input without infinities, which scikit-learn refuses."""
    inputs = np.concatenate([rows.numbers, categories], axis=1, dtype=np.float64)
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
        out[own] = ranked(rows.codes[own], ranks)
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

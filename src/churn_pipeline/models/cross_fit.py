"""Cross-fitting: a model of all rows, judged by models that have not seen them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.calibration import Floats
from churn_pipeline.models.classifier import Rows

Fit = TypeVar("Fit")


def fit_folds(rows: Rows, fit: Callable[[Rows, Rows], Fit]) -> list[Fit]:
    """Return what `fit` makes of each fold held out, in the order of the folds.

    Args:
        rows: Rows to fit on, in at least two folds; labels known.
        fit: Called with the rows of the other folds and with those of the fold.

    Raises:
        ValueError: There are fewer than two folds.
    """
    if rows.n_folds <= 1:
        raise ValueError(
            f"expected rows in at least 2 folds, got {rows.n_folds}; give each row "
            "the fold of its customer"
        )
    made = []
    for fold in range(rows.n_folds):
        held = rows.fold == fold
        made.append(fit(rows.take(~held), rows.take(held)))
    return made


def join_folds(rows: Rows, parts: Sequence[NDArray[np.float64]]) -> Floats:
    """Return values of the folds' rows in the order of all rows, float64, (n_rows,)."""
    out = np.empty(len(rows))
    for fold, values in enumerate(parts):
        out[rows.fold == fold] = values
    return out

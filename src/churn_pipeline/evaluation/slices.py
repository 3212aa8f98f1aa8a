"""The same metrics for every segment of the customers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn_pipeline.evaluation.intervals import (
    bootstrap,
    calibration_noise,
    with_intervals,
)
from churn_pipeline.evaluation.metrics import Ranking

METRICS = ("roc_auc", "average_precision", "log_loss", "profit")
MISSING = "(missing)"
OTHER = "(other)"
"""In brackets, so that a category that is called `other` is not taken for it."""


@dataclass(frozen=True)
class Sizes:
    """Which groups are too small to judge.

    Attributes:
        rows: Fewest rows.
        churners: Fewest rows that churned, and fewest that stayed.
    """

    rows: int
    churners: int

    def small(self, label: ArrayLike) -> bool:
        """Return whether a group with these labels is too small."""
        y = np.asarray(label)
        churned = int(y.sum())
        return y.size < self.rows or min(churned, y.size - churned) < self.churners


def levels(values: ArrayLike, *, at_most: int = 12) -> NDArray[np.object_]:
    """Return the group of each row by a column of text or numbers.

    Args:
        values: (n,), texts or numbers; None and NaN are missing.
        at_most: Most levels of a text; rarer ones become `(other)`. Numbers of more
            than this many values are cut at their quartiles.

    Returns:
        object, (n,), text; `(missing)` where there is no value. A category that is
        itself called so stands in quotes.

    Examples:
        >>> levels(["a", None, "b"]).tolist()
        ['a', '(missing)', 'b']
    """
    column = np.asarray(values, dtype=object)
    absent = np.array([_is_missing(value) for value in column], dtype=bool)
    numbers = [isinstance(v, int | float | np.number) for v in column[~absent]]
    if numbers and all(numbers) and len(set(column[~absent])) > at_most:
        texts = _quartiles(column[~absent].astype(np.float64))
    else:
        texts = np.array([_text(v) for v in column[~absent]], dtype=object)
    found = np.full(column.size, MISSING, dtype=object)
    found[~absent] = _frequent(texts, at_most)
    return found


def groups(values: NDArray[np.object_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield each group's name and the rows that are in it, the largest first."""
    names, counts = np.unique(values.astype(str), return_counts=True)
    for name in names[np.argsort(-counts, kind="stable")]:
        yield str(name), values == name


def measure_slice(
    ranking: Ranking,
    customer: ArrayLike,
    *,
    sizes: Sizes,
    resamples: int,
    confidence: float,
    seed: int,
) -> dict[str, float | bool]:
    """Return the metrics of one group.

    Args:
        ranking: Labels and probabilities of the group, with gains for the profit.
        customer: (n,), customer id of each row.
        sizes: From which size on there are intervals.
        resamples: Number of bootstrap resamples.
        confidence: Of the intervals, in (0, 1).
        seed: Of the draws.

    Returns:
        `n_rows`, `small`, `churn_rate`, `mean_probability`, `calibration_error` with
        `calibration_error_noise`, and the metrics, with `_low` and `_high` where the
        group is not small.
    """
    point = ranking.measure()
    small = sizes.small(ranking.label)
    draws = {}
    if not small:
        drawn = bootstrap({"m": ranking}, customer, resamples=resamples, seed=seed)
        draws = {name: drawn["m"][name] for name in METRICS}
    about = ("churn_rate", "mean_probability", "calibration_error")
    shown = {name: point[name] for name in (*about, *METRICS)}
    shown["calibration_error_noise"] = calibration_noise(
        ranking, redraws=resamples, confidence=confidence, seed=seed
    )
    sized: dict[str, float | bool] = {"n_rows": ranking.label.size, "small": small}
    return {**sized, **with_intervals(shown, draws, confidence=confidence)}


def _quartiles(numbers: NDArray[np.float64]) -> NDArray[np.object_]:
    edges = np.unique(np.quantile(numbers, [0, 0.25, 0.5, 0.75, 1]))
    place = np.clip(np.searchsorted(edges, numbers, "left"), 1, len(edges) - 1)
    names = [
        f"{'[' if i == 0 else '('}{a:g}, {b:g}]"
        for i, (a, b) in enumerate(pairwise(edges))
    ]
    return np.array(names, dtype=object)[place - 1]


def _frequent(texts: NDArray[np.object_], at_most: int) -> NDArray[np.object_]:
    names, counts = np.unique(texts.astype(str), return_counts=True)
    if len(names) <= at_most:
        return texts
    kept = names[np.argsort(-counts, kind="stable")[: at_most - 1]]
    return np.where(np.isin(texts.astype(str), kept), texts, OTHER)


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and bool(np.isnan(value)))


def _text(value: object) -> str:
    text = f"{value:.15g}" if isinstance(value, float | np.floating) else str(value)
    return f'"{text}"' if text in (MISSING, OTHER) else text

"""How far apart two samples of one column are, and whether chance explains it.

Every distance is a share of customers from 0 (same distribution) to 1 (nothing in
common): the share that would have to change to turn one sample into the other. It
does not grow with the size of the samples; the p-value says whether a distance could
be chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["number", "category"]
Floats = NDArray[np.float64]

MIN_EXPECTED = 5.0
"""Rarer levels are pooled before the chi-square test, which is loose below."""


@dataclass(frozen=True)
class Distance:
    """Distance between two samples of a column.

    Attributes:
        effect: The larger of the distance between present values and the change of
            the missing share, in [0, 1].
        p_value: Probability of such a distance by chance, in [0, 1].
    """

    effect: float
    p_value: float


def distance(reference: NDArray[Any], current: NDArray[Any], *, kind: Kind) -> Distance:
    """Return the distance between two samples of a column.

    Args:
        reference: (n,), float with NaN where missing, or text with None or NaN.
        current: (m,), likewise.
        kind: Kolmogorov-Smirnov's distance for a `number`, total variation with
            missing as a level of its own for a `category`.

    Raises:
        ValueError: A sample is empty.
    """
    if not len(reference) or not len(current):
        raise ValueError(
            "expected rows in both samples, got "
            f"{len(reference)} reference and {len(current)} current rows; choose "
            "observation dates that have customers"
        )
    if kind == "category":
        return total_variation(reference, current)
    return _number_distance(
        np.asarray(reference, np.float64), np.asarray(current, np.float64)
    )


def _number_distance(reference: Floats, current: Floats) -> Distance:
    """Return the larger distance of present values and of the missing share."""
    gone = missing_change(np.isnan(reference), np.isnan(current))
    present = ks_distance(reference[~np.isnan(reference)], current[~np.isnan(current)])
    return Distance(
        effect=max(gone.effect, present.effect),
        p_value=min(1.0, 2 * min(gone.p_value, present.p_value)),
    )


def ks_distance(reference: Floats, current: Floats) -> Distance:
    """Return Kolmogorov-Smirnov's distance of two samples without missing values.

    Ties make the p-value larger than the exact one, never smaller. Without a value
    on one side there is nothing to compare: distance 0, p-value 1.

    Source: Smirnov 1948, Table for estimating the goodness of fit of empirical
    distributions; the small-sample term is Stephens 1970.
    """
    n, m = len(reference), len(current)
    if not n or not m:
        return Distance(0.0, 1.0)
    one, other = np.sort(reference), np.sort(current)
    grid = np.sort(np.concatenate([one, other]), kind="stable")  # in order: quicker
    below_reference = np.searchsorted(one, grid, side="right") / n
    below_current = np.searchsorted(other, grid, side="right") / m
    effect = float(np.abs(below_reference - below_current).max())
    root = math.sqrt(n * m / (n + m))
    return Distance(effect, kolmogorov_tail((root + 0.12 + 0.11 / root) * effect))


def kolmogorov_tail(statistic: float) -> float:
    """Return the probability that Kolmogorov's statistic exceeds this one.

    Examples:
        >>> round(kolmogorov_tail(1.3581), 3)
        0.05
    """
    if statistic < 0.2:  # noqa: PLR2004 - the series needs many terms, the tail is 1
        return 1.0
    k = np.arange(1, 101)
    terms = (-1.0) ** (k - 1) * np.exp(-2 * (k * statistic) ** 2)
    return float(np.clip(2 * terms.sum(), 0.0, 1.0))


def missing_change(
    reference: NDArray[np.bool_], current: NDArray[np.bool_]
) -> Distance:
    """Return the change of the missing share, tested as two proportions."""
    n, m = len(reference), len(current)
    effect = abs(float(reference.mean() - current.mean()))
    pooled = float(reference.sum() + current.sum()) / (n + m)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    p_value = math.erfc(effect / spread / math.sqrt(2)) if spread else 1.0
    return Distance(effect, p_value)


def total_variation(reference: NDArray[Any], current: NDArray[Any]) -> Distance:
    """Return the total variation of two samples of categories.

    Half the sum of the absolute changes of the levels' shares; the p-value is that
    of the chi-square test of homogeneity.
    """
    counts = level_counts(reference, current)
    shares = counts / counts.sum(axis=1, keepdims=True)
    effect = float(np.abs(shares[0] - shares[1]).sum() / 2)
    return Distance(effect, _chi_square_p(counts))


def as_texts(values: NDArray[Any]) -> NDArray[np.str_]:
    """Return categories as texts that sort: "" where missing, else "v" and the text."""
    return np.array(["v" + v if isinstance(v, str) else "" for v in values], np.str_)


def level_counts(reference: NDArray[Any], current: NDArray[Any]) -> Floats:
    """Return how often each level comes in each sample, float64, (2, levels)."""
    n = len(reference)
    texts = np.concatenate([as_texts(reference), as_texts(current)])
    levels, codes = np.unique(texts, return_inverse=True)
    return np.stack(
        [
            np.bincount(codes[:n], minlength=len(levels)),
            np.bincount(codes[n:], minlength=len(levels)),
        ]
    ).astype(np.float64)


def _chi_square_p(counts: Floats) -> float:
    """Return the p-value of homogeneity, rare levels pooled into one."""
    from scipy.special import chdtrc

    smaller_side = counts.sum(axis=1).min() / counts.sum()
    rare = counts.sum(axis=0) * smaller_side < MIN_EXPECTED
    if rare.any():
        pooled = counts[:, rare].sum(axis=1, keepdims=True)
        counts = np.hstack([counts[:, ~rare], pooled])
    if counts.shape[1] < 2:  # noqa: PLR2004 - one level: nothing can differ
        return 1.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return float(chdtrc(counts.shape[1] - 1, statistic))


def holm(p_values: Floats) -> Floats:
    """Return p-values corrected for being many (Holm), float64, same order.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.

    Examples:
        >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    stepped = np.maximum.accumulate(p_values[order] * factors)
    corrected = np.empty(len(p_values), np.float64)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected

"""How numbers and codes become the net's input, learnt from training rows.

Source: Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep
Learning" (piecewise-linear encoding over quantiles).

NOTE[DIFF]: a value that many rows share has an edge of its own with one at either
side, as in LightGBM's bins, so that a step at it can be learnt; the encoding is flat
at both ends, so that a value out of every range counts as the range's end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MAX_QUANTILE_ROWS = 200_000
_MIN_BINS = 2


@dataclass(frozen=True)
class Encoding:
    """How numbers and codes become the net's input.

    Attributes:
        column: int64, (n_used,): the numeric columns that say something.
        fill: float32, (n_used,): the median of each, for a missing number.
        low: float32, (n_used,): the least value known; a lesser one counts as this.
        high: float32, (n_used,): the greatest; a greater one counts as this.
        left: float32, (n_used, n_bins): where each bin begins.
        inverse_width: float32, (n_used, n_bins): 1 / its width; 0 where a column has
            fewer bins than the others.
        gap: float32, (n_used,): 1 where "missing" is an input of its own: the column
            had missing and present values; else 0.
        seen: One bool array a text column: which codes training rows had.
    """

    column: NDArray[np.int64]
    fill: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    left: NDArray[np.float32]
    inverse_width: NDArray[np.float32]
    gap: NDArray[np.float32]
    seen: tuple[NDArray[np.bool_], ...]


def learn_encoding(
    numbers: NDArray[np.float32],
    codes: NDArray[np.int64],
    *,
    n_codes: tuple[int, ...],
    n_bins: int,
) -> Encoding:
    """Return the encoding of training rows.

    Args:
        numbers: float32, (n_rows, n_numbers); NaN where missing.
        codes: int64, (n_rows, n_categories).
        n_codes: Number of codes of each text column.
        n_bins: Bins of a number, about; at least 2.
    """
    rows = slice(None, None, max(1, len(numbers) // _MAX_QUANTILE_ROWS))
    known = [column[np.isfinite(column)] for column in numbers[rows].T]
    edges = [_wide(_edges(values, n_bins)) for values in known]
    missing = np.isnan(numbers).mean(axis=0) if len(numbers) else np.ones(len(known))
    gap = (missing > 0) & (missing < 1)
    used = [i for i, edge in enumerate(edges) if len(edge) > 1 or gap[i]]
    if not used and not n_codes:
        used = [0]  # a net of the base rate still reads something
    most = max((len(edges[i]) - 1 for i in used), default=0)
    left = np.zeros((len(used), max(0, most)), np.float32)
    inverse_width = np.zeros_like(left)
    for place, i in enumerate(used):
        n = max(0, len(edges[i]) - 1)
        left[place, :n] = edges[i][:n]
        inverse_width[place, :n] = 1 / np.diff(edges[i])
    return Encoding(
        column=np.array(used, np.int64),
        fill=np.array([_median(known[i]) for i in used], np.float32),
        low=np.array([_end(edges[i], 0) for i in used], np.float32),
        high=np.array([_end(edges[i], -1) for i in used], np.float32),
        left=left,
        inverse_width=inverse_width,
        gap=gap[used].astype(np.float32),
        seen=tuple(
            np.bincount(codes[:, i], minlength=size) > 0
            for i, size in enumerate(n_codes)
        ),
    )


def _edges(values: NDArray[np.float32], n_bins: int) -> NDArray[np.float32]:
    """Return the rising edges of a column's bins; one or none where it is constant."""
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= n_bins + 1:
        return distinct
    frequent = np.flatnonzero(_fills_a_bin(counts, n_bins))
    around = np.concatenate([frequent - 1, frequent, frequent + 1])
    own = distinct[np.clip(around, 0, len(distinct) - 1)]
    others = values[~np.isin(values, distinct[frequent])]
    n_left = max(1, n_bins - len(frequent))
    cuts = np.linspace(0, 1, n_left + 1)
    rest = np.quantile(others, cuts, method="nearest") if len(others) else own[:0]
    return np.unique(np.concatenate([distinct[[0, -1]], own, rest]))


def _end(edges: NDArray[np.float32], place: int) -> float:
    return float(edges[place]) if len(edges) else 0.0


def _median(values: NDArray[np.float32]) -> float:
    return float(np.median(values)) if len(values) else 0.0


def _fills_a_bin(counts: NDArray[np.int64], n_bins: int) -> NDArray[np.bool_]:
    """Return which values are as frequent as a bin of the others would be.

    Each frequent value leaves fewer rows to the bins that are left, so that another
    one may fill one of those.
    """
    frequent = counts >= counts.sum() / n_bins
    while (n_left := n_bins - int(frequent.sum())) > 0:
        more = frequent | (counts >= counts[~frequent].sum() / n_left)
        if (more == frequent).all():
            break
        frequent = more
    return np.asarray(frequent)


def _wide(edges: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the edges without those that make a bin too narrow to be inverted."""
    with np.errstate(over="ignore", divide="ignore"):
        wide = np.isfinite(1 / np.diff(edges))
    return edges[np.concatenate([[True], wide])] if len(edges) else edges

"""What one feature alone tells about churn: the rates by its levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn_pipeline.evaluation.slices import groups, levels


@dataclass(frozen=True)
class Level:
    """The customers that share a level of a feature.

    Attributes:
        level: The category, the quartile of a number, or `missing`.
        n_rows: Rows with a known label.
        churn_rate: Share of them that churned, 0 to 1.
    """

    level: str
    n_rows: int
    churn_rate: float


def churn_by_level(label: ArrayLike, values: ArrayLike) -> list[Level]:
    """Return the churn rate of each level of a feature, the largest level first.

    Args:
        label: (n,), 1 churned, 0 stayed, NaN not known; rows without are left out.
        values: (n,), numbers, which are cut at their quartiles, or texts.

    Examples:
        >>> [level.churn_rate for level in churn_by_level([1, 1, 0], ["a", "a", "b"])]
        [1.0, 0.0]
    """
    y, group = _known(label, values)
    return [
        Level(name, int(rows.sum()), float(y[rows].mean()))
        for name, rows in groups(group)
    ]


def _known(
    label: ArrayLike, values: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    y = np.asarray(label, dtype=np.float64)
    known = ~np.isnan(y)
    column = np.asarray(values, dtype=object)[known]
    # pandas' NA is neither equal to itself nor unequal; its name tells it.
    present = [None if type(v).__name__ == "NAType" else v for v in column]
    return y[known], levels(np.array(present, dtype=object))

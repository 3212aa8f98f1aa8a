"""Whether the stated certainty holds: coverage of the sets on rows not seen before."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from churn_pipeline.evaluation.intervals import share_interval
from churn_pipeline.models.conformal import CERTAINTIES, LEAVES, STAYS, Conformal


def measure_coverage(
    label: ArrayLike,
    probability: ArrayLike,
    conformal: Conformal,
    *,
    confidence: float,
) -> dict[str, float]:
    """Return how often the sets hold what happened, and how often they tell anything.

    Args:
        label: (n,), 1 churned, 0 stayed; n at least 1.
        probability: (n,), churn probability in [0, 1].
        conformal: The limits of the sets.
        confidence: Of the intervals, in (0, 1).

    Returns:
        `coverage` (as stated); `coverage_of_churners` and `coverage_of_stayers`: the
        share of either whose answer is not the other label, with `_low` and `_high`,
        the ends of its binomial interval; NaN where there is none of either;
        `said_leaves`, `said_stays`, `said_not_sure`: share of all rows.
    """
    churned = np.asarray(label, dtype=np.float64) == 1
    said = conformal.certainty(np.asarray(probability, dtype=np.float64))
    found = {"coverage": conformal.coverage}
    wrong = {"churners": (churned, STAYS), "stayers": (~churned, LEAVES)}
    for who, (rows, other) in wrong.items():
        of, right = int(rows.sum()), int((said[rows] != other).sum())
        low, high = share_interval(right, of, confidence=confidence)
        name = f"coverage_of_{who}"
        found[name] = right / of if of else float("nan")
        found |= {f"{name}_low": low, f"{name}_high": high}
    told = {f"said_{name}": float(np.mean(said == name)) for name in CERTAINTIES}
    return found | told

"""How alike two models are in what they lean on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[Any]]
Predict = Callable[[Columns], NDArray[np.float64]]


def rank_agreement(
    mine: Mapping[str, float], theirs: Mapping[str, float], *, top: int
) -> float:
    """Return how alike two models rank the topics that matter to either.

    Args:
        mine: Topic -> importance.
        theirs: Topic -> importance of the other model.
        top: Only topics among so many first of either count: those of no use are in
            random order, whatever the models.

    Returns:
        Spearman's rank correlation, -1 to 1; NaN with fewer than three topics that
        both have.
    """
    from scipy.stats import spearmanr

    leading = {
        topic
        for model in (mine, theirs)
        for topic in sorted(model, key=lambda name: -model[name])[:top]
    }
    common = sorted(leading & mine.keys() & theirs.keys())
    if len(common) < 3:  # noqa: PLR2004 - two points always lie on a line
        return float("nan")
    a, b = ([model[name] for name in common] for model in (mine, theirs))
    return float(spearmanr(a, b).statistic)

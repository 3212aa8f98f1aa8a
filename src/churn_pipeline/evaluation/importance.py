"""What a model leans on: how much worse it gets when a feature is shuffled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn_pipeline.evaluation.metrics import Ranking

Columns = Mapping[str, NDArray[Any]]
Predict = Callable[[Columns], NDArray[np.float64]]


@dataclass(frozen=True)
class Importance:
    """How much the model leans on a feature.

    Attributes:
        feature: Its name.
        importance: Mean rise of the log loss (nats) when the feature is shuffled;
            about 0 for one that the model does not use.
        spread: Standard deviation over the repeats.
    """

    feature: str
    importance: float
    spread: float


def permutation_importance(
    predict: Predict,
    columns: Columns,
    label: ArrayLike,
    *,
    features: Sequence[str],
    repeats: int,
    seed: int,
) -> list[Importance]:
    """Return the importance of each feature, the greatest first.

    Args:
        predict: Takes columns and returns churn probabilities, as an artifact does.
        columns: Feature -> (n,) values; numbers or texts, missing ones allowed.
        label: (n,), 1 churned, 0 stayed.
        features: The features to shuffle.
        repeats: How often each is shuffled; at least 1.
        seed: Of the shuffling. Each feature has a stream of its own, so that its
            importance does not depend on which others there are.

    Source:
        Breiman (2001), Random Forests, section 10.
    """
    y = np.asarray(label, dtype=np.float64)
    whole = _log_loss(y, predict(columns))
    found = []
    for feature in features:
        rng = np.random.default_rng([seed, *feature.encode()])
        orders = np.concatenate([rng.permutation(y.size) for _ in range(repeats)])
        repeated = {name: np.tile(values, repeats) for name, values in columns.items()}
        shuffled = predict({**repeated, feature: columns[feature][orders]})
        rises = [_log_loss(y, p) - whole for p in np.split(shuffled, repeats)]
        found.append(Importance(feature, float(np.mean(rises)), float(np.std(rises))))
    return sorted(found, key=lambda one: -one.importance)


def rank_agreement(
    mine: Mapping[str, float], theirs: Mapping[str, float], *, top: int
) -> float:
    """Return how alike two models rank the features that matter to either.

    Args:
        mine: Feature -> importance.
        theirs: Feature -> importance of the other model.
        top: Only features among so many first of either count: those of no use are
            in random order, whatever the models.

    Returns:
        Spearman's rank correlation, -1 to 1; NaN with fewer than three features that
        both have.
    """
    from scipy.stats import spearmanr

    leading = {
        feature
        for model in (mine, theirs)
        for feature in sorted(model, key=lambda name: -model[name])[:top]
    }
    common = sorted(leading & mine.keys() & theirs.keys())
    if len(common) < 3:  # noqa: PLR2004 - two points always lie on a line
        return float("nan")
    # Below zero is chance: shuffling a useful feature cannot help.
    a, b = ([max(0.0, m[name]) for name in common] for m in (mine, theirs))
    return float(spearmanr(a, b).statistic)


def _log_loss(label: NDArray[np.float64], probability: NDArray[np.float64]) -> float:
    return Ranking.of(label, probability, threshold=0.5).measure()["log_loss"]

"""Is one model better than another on the same rows: paired differences and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from churn_pipeline.evaluation.intervals import Draws, bootstrap, interval
from churn_pipeline.evaluation.metrics import Ranking

LOWER_IS_BETTER = frozenset({"log_loss", "brier", "calibration_square"})


@dataclass(frozen=True)
class Difference:
    """How much better one model is than another by a metric.

    Attributes:
        mine: Value of the model that wants to be champion.
        theirs: Value of the one it is compared with.
        improvement: How much better `mine` is; above 0 is better, whichever way the
            metric runs.
        low: Low end of the improvement's interval.
        high: High end.
    """

    mine: float
    theirs: float
    improvement: float
    low: float
    high: float


def compare(
    mine: Ranking,
    theirs: Ranking,
    customer: ArrayLike,
    *,
    metrics: tuple[str, ...],
    resamples: int,
    confidence: float,
    seed: int,
) -> dict[str, Difference]:
    """Return the differences of two models with paired bootstrap intervals.

    Args:
        mine: Labels and probabilities of the model that wants to be champion.
        theirs: Those of the other model for the same rows in the same order.
        customer: (n,), customer id of each row; customers are drawn, not rows.
        metrics: Names of the metrics to compare by.
        resamples: Number of bootstrap resamples.
        confidence: Of the two-sided intervals, in (0, 1).
        seed: Of the draws.

    Returns:
        Metric -> difference.

    Source:
        Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 16.
    """
    models = {"mine": mine, "theirs": theirs}
    draws = bootstrap(models, customer, resamples=resamples, seed=seed)
    points = {name: ranking.measure() for name, ranking in models.items()}
    return differences(points, draws, metrics=metrics, confidence=confidence)


def differences(
    points: Mapping[str, Mapping[str, float]],
    draws: Mapping[str, Draws],
    *,
    metrics: tuple[str, ...],
    confidence: float,
) -> dict[str, Difference]:
    """Return the differences of the models `mine` and `theirs` from paired draws.

    Args:
        points: Model -> metric -> value on the rows themselves.
        draws: Model -> metric -> its value in each resample, paired.
        metrics: Names of the metrics to compare by.
        confidence: Of the two-sided intervals, in (0, 1).
    """
    found = {}
    for metric in metrics:
        lower = metric in LOWER_IS_BETTER
        good, bad = ("theirs", "mine") if lower else ("mine", "theirs")
        better = points[good][metric] - points[bad][metric]
        spread = draws[good][metric] - draws[bad][metric]
        if metric == "calibration_square":
            # A square grows with noise, which the point has once, a resample twice.
            noise = float(np.mean(spread)) - better
            better, spread = better - noise, spread - 2 * noise
        low, high = interval(better, spread, confidence=confidence)
        found[metric] = Difference(
            points["mine"][metric], points["theirs"][metric], better, low, high
        )
    return found

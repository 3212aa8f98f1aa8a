"""How good probabilities are: of one fold, of all test rows, and beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn_pipeline.evaluation.intervals import bootstrap, calibration_noise, interval
from churn_pipeline.evaluation.metrics import Ranking, point_metrics
from churn_pipeline.models.calibration import to_logit

Floats = NDArray[np.float64]

SHOWN = ("roc_auc", "average_precision", "log_loss", "brier", "calibration_error")
COMPARED = SHOWN[:4]
"""Metrics whose differences have intervals; the calibration error's would be wrong."""

REDRAWS = RESAMPLES = 1000
CONFIDENCE = 0.95
SEED = 42
DIGITS = 6


def of_fold(label: ArrayLike, probability: ArrayLike) -> dict[str, float]:
    """Return the metrics in `SHOWN` of labels and churn probabilities, both (n,)."""
    found = point_metrics(label, probability, threshold=0.5)
    return {name: round(found[name], DIGITS) for name in SHOWN}


def of_pool(label: Floats, probability: Floats) -> dict[str, float]:
    """Return the metrics, the calibration band and the calibration slope.

    Returns:
        Those of `of_fold`, `calibration_band` (the calibration error that 95 % of
        perfectly calibrated models with these probabilities stay below, labels
        redrawn from them) and `calibration_slope`.
    """
    ranking = Ranking.of(label, probability, threshold=0.5)
    band = calibration_noise(ranking, redraws=REDRAWS, confidence=CONFIDENCE, seed=SEED)
    slope = calibration_slope(label, probability)
    return of_fold(label, probability) | {
        "calibration_band": round(band, DIGITS),
        "calibration_slope": round(slope, DIGITS),
    }


def calibration_slope(label: Floats, probability: Floats) -> float:
    """Return the slope of a logistic regression of labels on the logit.

    1 is right; below 1 the probabilities are too extreme, above too timid.

    Source: Cox (1958), Two further applications of a model for binary regression.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=np.inf).fit(to_logit(probability)[:, None], label)
    return float(model.coef_[0, 0])


def against(
    ours: str,
    probabilities: Mapping[str, Floats],
    label: Floats,
    customer: NDArray[Any],
) -> dict[str, dict[str, list[float]]]:
    """Return each peer's metrics less ours, with the interval of the difference.

    A paired bootstrap: the same 1,000 resamples of customers for every model.

    Args:
        ours: The name that the others are compared with.
        probabilities: Churn probabilities of the same rows by name, each (n,).
        label: 1 or 0, (n,).
        customer: Customer of each row, (n,).

    Returns:
        Peer -> metric -> difference, low and high end of its 95 % interval.
    """
    rankings = {
        name: Ranking.of(label, values, threshold=0.5)
        for name, values in probabilities.items()
    }
    points = {name: ranking.measure() for name, ranking in rankings.items()}
    draws = bootstrap(rankings, customer, resamples=RESAMPLES, seed=SEED)
    found: dict[str, dict[str, list[float]]] = {}
    for name in probabilities.keys() - {ours}:
        found[name] = {}
        for metric in COMPARED:
            point = points[name][metric] - points[ours][metric]
            drawn = draws[name][metric] - draws[ours][metric]
            ends = interval(point, drawn, confidence=CONFIDENCE)
            found[name][metric] = [round(value, DIGITS) for value in (point, *ends)]
    return found

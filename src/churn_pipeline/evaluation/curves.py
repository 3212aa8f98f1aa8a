"""The points behind the curves: ROC, precision and recall, gains, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn_pipeline.evaluation.metrics import Ranking

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """What contacting the likeliest churners first finds, step by step.

    Each array is float64, (k + 1,), from nobody contacted to everybody.

    Attributes:
        share: Share of customers contacted, 0 to 1.
        recall: Share of the churners among them (true positive rate), 0 to 1.
        false_positive_rate: Share of those who stayed among them, 0 to 1.
        precision: Churners per contacted customer, 0 to 1; of nobody, that of the
            first step.
    """

    share: Floats
    recall: Floats
    false_positive_rate: Floats
    precision: Floats


@dataclass(frozen=True)
class CalibrationBins:
    """Predicted and observed churn in bins of about equal size, least likely first.

    Attributes:
        predicted: float64, (b,), mean churn probability.
        observed: float64, (b,), share that churned.
        low: float64, (b,), low end of the 95 % interval of the share.
        high: float64, (b,), its high end.
        count: int64, (b,), rows.
    """

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    count: NDArray[np.int64]


def curves(label: ArrayLike, probability: ArrayLike) -> Curves:
    """Return the curves of churn probabilities against labels of both classes.

    Args:
        label: (n,), 1 churned, 0 stayed.
        probability: (n,), churn probability in [0, 1].
    """
    ranking = Ranking.of(label, probability, threshold=0.5)
    found = np.append(0.0, np.cumsum(ranking.label)[ranking.ends])
    reached = np.append(0.0, ranking.ends + 1.0)
    precision = found[1:] / reached[1:]
    return Curves(
        share=reached / reached[-1],
        recall=found / found[-1],
        false_positive_rate=(reached - found) / (reached[-1] - found[-1]),
        precision=np.append(precision[0], precision),
    )


def thin(n: int, at_most: int = 400) -> NDArray[np.int64]:
    """Return positions of at most so many of n points, both ends among them.

    A curve of 20,000 points looks the same as one of 400, and weighs fifty times more.

    Examples:
        >>> thin(5, 3).tolist()
        [0, 2, 4]
    """
    return np.unique(np.linspace(0, n - 1, min(n, at_most)).round().astype(np.int64))


def calibration_bins(label: ArrayLike, probability: ArrayLike) -> CalibrationBins:
    """Return the bins behind the calibration error.

    Args:
        label: (n,), 1 churned, 0 stayed.
        probability: (n,), churn probability in [0, 1].

    Source:
        Wilson (1927), Probable Inference, for the intervals of the shares.
    """
    ranking = Ranking.of(label, probability, threshold=0.5)
    count = np.diff(np.append(ranking.bins, ranking.label.size))
    observed = np.add.reduceat(ranking.label, ranking.bins) / count
    predicted = np.add.reduceat(ranking.probability, ranking.bins) / count
    low, high = _wilson(observed, count)
    return CalibrationBins(
        predicted[::-1], observed[::-1], low[::-1], high[::-1], count[::-1]
    )


def _wilson(share: Floats, count: NDArray[np.int64]) -> tuple[Floats, Floats]:
    z = 1.959964
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    spread = np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    half = z * spread / (1 + z**2 / count)
    return middle - half, middle + half

"""Performance before there are labels, from the calibrated probabilities.

If of the customers with probability p a share of about p churns, the probabilities say
themselves how good they are: labels are drawn from them, and each metric is taken on
what was drawn. What cannot be seen in this way is a change of the reasons to leave
(`UNSEEN`): the same customers get the same probabilities, and these are wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.intervals import CELLS_AT_ONCE, interval
from churn_pipeline.evaluation.metrics import Ranking
from churn_pipeline.models.calibration import Calibration, to_logit
from churn_pipeline.monitoring.cells import Cells, together
from churn_pipeline.monitoring.wander import Wander
from churn_pipeline.params import Params

Floats = NDArray[np.float64]
Draws = dict[str, Floats]

METRICS = (
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "churn_rate",
    "accuracy",
    "precision",
    "recall",
    "profit",
    "contacted_share",
)
"""What is told of a window; of `contacted_share` no label is needed."""

UNSEEN = (
    "An estimate without labels supposes that customers of the same features leave as "
    "they did when the model was measured. Should they leave for other reasons, or "
    "more or fewer of them (concept change, prior shift), it goes on as before: only "
    "labels show it.",
    "What was never fed to the model, such as a competitor's offer, cannot be seen "
    "in its probabilities.",
)


class Measured(Params):
    """A metric with its interval.

    Attributes:
        value: The metric.
        low: Lower end of its interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Return whether a value lies in the interval."""
        return self.low <= value <= self.high


def estimate(
    cells: Cells,
    wander: Wander,
    decision: Decision,
    *,
    draws: int = 400,
    coverage: float = 0.95,
    seed: int,
) -> dict[str, Measured]:
    """Return what the metrics will be once the labels are known.

    The interval holds the metric of the labels that will come, not only what it would
    be on average: it covers the chance of who leaves, the error of the calibration,
    and how that wanders from date to date.

    Args:
        cells: The customers; their labels are not looked at.
        wander: What is known of the calibration.
        decision: Costs and values, for the profit.
        draws: How often labels are drawn, 20 or more.
        coverage: Share of intervals that hold the truth, in (0, 1).
        seed: Of the draws.

    Returns:
        Metric of `METRICS` -> value and interval; what is not defined is left out.

    Source:
        Guillory et al. (2021), Predicting with Confidence on Unseen Distributions,
        section 3, for the idea; the intervals are ours.

    Examples:
        >>> customers = Cells.of([0.1, 0.9], called=[False, True], value=[1, 1])
        >>> sure = Wander(np.array([1.0, 1.0, 0.0]), *np.zeros((3, 3, 3)), 0, 1, 1000)
        >>> costs = Decision(100, 1, 10, 0.5, 1.0)
        >>> round(estimate(customers, sure, costs, seed=0)["churn_rate"].value, 3)
        0.5
    """
    rng = np.random.default_rng(seed)
    cells = cells.unlabelled
    ranking = _both_ways(cells).ranking(decision)
    logit = to_logit(cells.probability)
    chances = np.array([m.probability(logit) for m in wander.draw(draws, rng)])
    churned = rng.binomial(cells.rows.astype(np.int64), chances).astype(np.float64)
    weights = np.concatenate([churned, cells.rows - churned], axis=1)
    found = measure_weighted(ranking, weights)
    found["profit"] += _chance_of_values(cells, chances, decision, rng)
    likely = _likely(cells, logit, wander.calibration)
    return in_words_of(
        {name: float(v[0]) for name, v in measure_weighted(ranking, likely).items()},
        found,
        coverage=coverage,
    )


def in_words_of(
    point: Mapping[str, float], draws: Mapping[str, Floats], *, coverage: float
) -> dict[str, Measured]:
    """Return the metrics that are defined, with the intervals of their draws."""
    told = {}
    for name in METRICS:
        low, high = interval(point[name], draws[name], confidence=coverage)
        if np.isfinite(low):
            told[name] = Measured(value=point[name], low=low, high=high)
    return told


def measure_weighted(ranking: Ranking, weights: Floats) -> Draws:
    """Return the metrics of each weighting, few of them in memory at a time.

    Args:
        ranking: The rows.
        weights: float64, (m, n), how often each row counts.
    """
    at_once = max(1, 4 * CELLS_AT_ONCE // weights.shape[1])
    parts = [
        ranking.measure_many(weights[start : start + at_once])
        for start in range(0, len(weights), at_once)
    ]
    return {name: np.concatenate([p[name] for p in parts]) for name in METRICS}


def _both_ways(cells: Cells) -> Cells:
    """Return the cells twice: as churners, and as ones who stay."""
    return together(cells.with_label(1.0), cells.with_label(0.0))


def _likely(cells: Cells, logit: Floats, calibration: Calibration) -> Floats:
    """Return how many of each cell churn on average, then how many stay, (1, 2 k)."""
    churned = cells.rows * calibration.probability(logit)
    return np.concatenate([churned, cells.rows - churned])[None]


def _chance_of_values(
    cells: Cells, chances: Floats, decision: Decision, rng: np.random.Generator
) -> Floats:
    """Return how much profit a customer varies with whose values the churners have."""
    _, variance = cells.churner_gain(decision)
    called = cells.rows * cells.called * variance
    spread = np.sqrt((chances * (1 - chances)) @ called) / cells.rows.sum()
    return np.asarray(rng.standard_normal(len(chances)) * spread)

"""Money lost to not knowing who leaves: a loss to tune by, smooth, of low variance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn_pipeline.evaluation.decision import Decision

Floats = NDArray[np.float64]
Loss = Callable[[ArrayLike, ArrayLike], float]
"""Called with labels (n,), 0 or 1, and probabilities (n,); lower is better."""

_CERTAINTY = 20.0
"""How sure the stated success rate is: as by so many contacts (the cited paper's)."""
_TINY = 1e-12


def profit_loss(decision: Decision, value: ArrayLike | None = None) -> Loss:
    """Return the loss of probabilities in money: what knowing better would have earned.

    The success rate of an offer is not known to the percent: it is drawn from a beta
    distribution about the stated one. At each success rate the customers are called of
    whom the probabilities expect a profit, and what that earns is taken from what it
    would earn to know who leaves. The mean over all success rates has a closed form
    that is smooth in each probability, where the profit at one threshold jumps.

    Each of those profits is a proper score, and so is their mean: the probabilities of
    least loss are the true ones, and calibration counts as much as the order where
    calls are decided. (The measure that is cited takes the best threshold of the rows
    at hand at each success rate instead; it sees the order alone, and is optimistic.)

    Args:
        decision: Costs and values.
        value: Money that each row's customer is worth, (n,), in the order of the rows
            that the loss is called with; None: all the usual.

    Returns:
        A function of labels and probabilities: money per customer, 0 or more. It
        raises ValueError where the lengths differ.

    Source:
        Verbraken et al. (2013), A Novel Profit Maximizing Metric for Measuring
        Classification Performance of Customer Churn Prediction Models, IEEE TKDE 25,
        for the distribution. Schervish (1989), A General Method for Comparing
        Probability Assessors, Annals of Statistics 17, for the mean of proper scores.

    Examples:
        >>> loss = profit_loss(Decision(100, 1, 10, 0.5, 1.0))
        >>> loss([1, 0], [1.0, 0.0])
        0.0
        >>> loss([1, 0], [0.6, 0.4]) < loss([1, 0], [0.4, 0.6])
        True
    """
    worth = np.asarray(decision.usual_value if value is None else value, np.float64)

    def loss(label: ArrayLike, probability: ArrayLike) -> float:
        """Return the mean profit a customer, in money, that certainty would add."""
        churned = np.asarray(label, dtype=np.float64)
        given = np.asarray(probability, dtype=np.float64)
        _check(churned, given, worth)
        found = _expected_gain(given, churned, worth, decision)
        known = _expected_gain(churned, churned, worth, decision)
        return float(np.mean(known - found))

    return loss


def _expected_gain(
    probability: Floats, label: Floats, worth: Floats, decision: Decision
) -> Floats:
    """Return what is earned of each row, over the success rates, by acting on it.

    A customer is contacted at the success rates at which the probability expects a
    profit: those above a lowest one, which falls as the probability rises.
    """
    from scipy.special import betainc

    rate = min(decision.success_rate, 1 - _TINY)
    a, b = _CERTAINTY * rate, _CERTAINTY * (1 - rate)
    accepted = decision.stayer_acceptance * decision.offer_cost
    kept = worth - decision.offer_cost
    wasted = (decision.contact_cost + accepted) / np.maximum(probability, _TINY)
    rates = np.clip((wasted - accepted) / np.maximum(kept, _TINY), 0, 1)
    lowest = np.where(kept > 0, rates, 1.0)
    contacted = 1 - betainc(a, b, lowest)
    success = rate * (1 - betainc(a + 1, b, lowest))
    churner = success * kept - contacted * decision.contact_cost
    stayer = contacted * decision.gain_of_stayer
    return np.asarray(np.where(label == 1, churner, stayer))


def _check(label: Floats, probability: Floats, worth: Floats) -> None:
    fits = worth.ndim == 0 or worth.shape == label.shape
    if label.shape != probability.shape or label.size == 0 or not fits:
        raise ValueError(
            "expected labels, probabilities and customer values of one length, at "
            f"least 1, got shapes {label.shape}, {probability.shape} and "
            f"{worth.shape}; give the values of the very rows that are judged"
        )

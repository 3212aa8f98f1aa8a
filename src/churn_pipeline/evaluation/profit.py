"""What acting on the probabilities earns: profit, its curve and the threshold.

A customer whose churn probability reaches the threshold is contacted and offered
something to stay. One who would have left stays with probability `success_rate`; one
who would have stayed anyway takes the offer with probability `stayer_acceptance`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_TOPS = {
    "customer_value": np.inf,
    "contact_cost": np.inf,
    "offer_cost": np.inf,
    "success_rate": 1.0,
    "stayer_acceptance": 1.0,
}
"""The largest valid value of each number."""


@dataclass(frozen=True)
class Decision:
    """Costs and values of the decision to contact a customer (`params:decision`).

    Attributes:
        customer_value: Money that a customer who is kept is worth; above 0.
        contact_cost: Money that one contact costs; 0 or more.
        offer_cost: Money that an accepted offer costs; 0 or more.
        success_rate: Share of contacted churners who accept and stay, in (0, 1].
        stayer_acceptance: Share of contacted customers who would have stayed anyway
            and take the offer, in [0, 1].
        capacity: Most customers on the list to call; None: all worth a call.
        assumed: Whether the values are nobody's own yet: placeholders to replace.

    Raises:
        ValueError: If a value is out of its range, or contacting a certain churner
            would lose money.

    Source:
        Neslin et al. (2006), Defection Detection, Journal of Marketing Research 43,
        equation 1.
    """

    customer_value: float
    contact_cost: float
    offer_cost: float
    success_rate: float
    stayer_acceptance: float = 1.0
    capacity: int | None = None
    assumed: bool = False

    def __post_init__(self) -> None:
        for name, top in _TOPS.items():
            value = getattr(self, name)
            if not 0 <= value <= top or not np.isfinite(value):
                raise ValueError(
                    f"decision.{name}: expected a number from 0 to {top:g}, got "
                    f"{value}; correct parameters_decision.yml"
                )
        if self.capacity is not None and (
            self.capacity < 1 or self.capacity != int(self.capacity)
        ):
            raise ValueError(
                "decision.capacity: expected a whole number of calls from 1 on, or "
                f"null for no limit, got {self.capacity}; correct "
                "parameters_decision.yml"
            )
        if self.gain_of_churner <= 0:
            raise ValueError(
                "decision: contacting a customer who is sure to leave must earn money, "
                f"got {self.gain_of_churner:g} = success_rate x (customer_value - "
                "offer_cost) - contact_cost; correct parameters_decision.yml"
            )

    @property
    def gain_of_churner(self) -> float:
        """Expected money from contacting a customer who would leave."""
        kept = self.success_rate * (self.customer_value - self.offer_cost)
        return kept - self.contact_cost

    @property
    def gain_of_stayer(self) -> float:
        """Expected money, 0 or less, from contacting one who would stay anyway."""
        return -(self.contact_cost + self.stayer_acceptance * self.offer_cost)

    @property
    def break_even(self) -> float:
        """Churn probability, in [0, 1), above which a contact earns money."""
        return -self.gain_of_stayer / (self.gain_of_churner - self.gain_of_stayer)

    def expected(self, probability: ArrayLike) -> Floats:
        """Return what contacting customers is expected to earn.

        Args:
            probability: (n,), calibrated churn probability in [0, 1].

        Returns:
            float64, (n,), money each; 0 at the break-even.
        """
        churns = np.asarray(probability, dtype=np.float64)
        return churns * self.gain_of_churner + (1 - churns) * self.gain_of_stayer


@dataclass(frozen=True)
class ProfitCurve:
    """Profit by the share of customers contacted, the likeliest churners first.

    Attributes:
        threshold: float64, (k + 1,), descending; the lowest probability contacted.
            The first, contacting nobody, is 1.
        share: float64, (k + 1,), share of customers contacted, 0 to 1.
        profit: float64, (k + 1,), money per customer of the whole table.
    """

    threshold: Floats
    share: Floats
    profit: Floats


def gains(label: ArrayLike, decision: Decision) -> Floats:
    """Return what contacting each customer earns.

    Args:
        label: (n,), 1 churned, 0 stayed.
        decision: Costs and values.

    Returns:
        float64, (n,), money.
    """
    return decision.expected(label)


def profit(
    label: ArrayLike,
    probability: ArrayLike,
    threshold: float,
    decision: Decision,
) -> float:
    """Return the profit per customer of contacting everyone at or over a threshold.

    Args:
        label: (n,), 1 churned, 0 stayed.
        probability: (n,), churn probability in [0, 1].
        threshold: Lowest probability that is contacted, in [0, 1].
        decision: Costs and values.

    Returns:
        Money per customer, contacted or not; doing nothing earns 0.

    Examples:
        >>> costs = Decision(100, 1, 10, 0.5, 1.0)
        >>> profit([1, 0], [0.9, 0.2], 0.5, costs)
        22.0
    """
    contacted = np.asarray(probability, dtype=np.float64) >= threshold
    return float(np.mean(contacted * gains(label, decision)))


def profit_curve(
    label: ArrayLike, probability: ArrayLike, decision: Decision
) -> ProfitCurve:
    """Return the profit of every threshold that tells customers apart.

    Args:
        label: (n,), 1 churned, 0 stayed; n at least 1.
        probability: (n,), churn probability in [0, 1].
        decision: Costs and values.

    Returns:
        The curve, from nobody contacted to everybody contacted.
    """
    score = np.asarray(probability, dtype=np.float64)
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    last_of_ties = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    earned = np.cumsum(gains(label, decision)[order])[last_of_ties]
    n = score.size
    return ProfitCurve(
        threshold=np.append(1.0, ranked[last_of_ties]),
        share=np.append(0.0, (last_of_ties + 1) / n),
        profit=np.append(0.0, earned / n),
    )


def best_threshold(decision: Decision) -> float:
    """Return the probability from which on a customer is contacted, in [0, 1).

    The break-even: a probability that is calibrated says what a contact is expected
    to earn, and that is above 0 from there on, whatever the rows at hand. The top of
    a profit curve is the same threshold with the noise of its rows; `top_of_curve`
    is there to check the one by the other. See docs/decisions.
    """
    return decision.break_even


def top_of_curve(
    label: ArrayLike, probability: ArrayLike, decision: Decision
) -> tuple[float, float]:
    """Return the threshold that would have earned most on these rows, and how much.

    Args:
        label: (n,), 1 churned, 0 stayed; n at least 1.
        probability: (n,), churn probability in [0, 1].
        decision: Costs and values.

    Returns:
        The threshold, in [0, 1], halfway between the last customer contacted and the
        next (of several that earn the same, the one nearest to the break-even), and
        its profit, money per customer.
    """
    curve = profit_curve(label, probability, decision)
    top = _nearest_top(curve.threshold, curve.profit, decision)
    return top, float(curve.profit.max())


def draw_tops(
    label: ArrayLike,
    probability: ArrayLike,
    decision: Decision,
    *,
    customer: ArrayLike,
    resamples: int,
    seed: int,
) -> Floats:
    """Return where the top of the profit curve lies in resamples of the customers.

    Args:
        label: (n,), 1 churned, 0 stayed; n at least 1.
        probability: (n,), churn probability in [0, 1].
        decision: Costs and values.
        customer: (n,), customer id of each row; a customer's rows are drawn together.
        resamples: Number of resamples, at least 1.
        seed: Of the draws.

    Returns:
        float64, (resamples,), thresholds in [0, 1].
    """
    score = np.asarray(probability, dtype=np.float64)
    order = np.argsort(-score, kind="stable")
    earned = gains(label, decision)[order]
    last_of_ties = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    threshold = np.append(1.0, score[order][last_of_ties])
    _, code = np.unique(np.asarray(customer)[order], return_inverse=True)
    n_customers = int(code.max()) + 1
    rng = np.random.default_rng(seed)
    tops = np.empty(resamples)
    for i in range(resamples):
        drawn = rng.integers(0, n_customers, n_customers)
        times = np.bincount(drawn, minlength=n_customers)[code]
        profits = np.append(0.0, np.cumsum(times * earned)[last_of_ties])
        tops[i] = _nearest_top(threshold, profits, decision)
    return tops


def _nearest_top(threshold: Floats, profits: Floats, decision: Decision) -> float:
    """Return the threshold of the most profit, halfway to the next lower one."""
    halfway = (threshold + np.append(threshold[1:], 0.0)) / 2
    top = np.isclose(profits, profits.max(), rtol=1e-12, atol=1e-12)
    distance = np.where(top, np.abs(halfway - decision.break_even), np.inf)
    return float(halfway[np.argmin(distance)])

"""What acting on the probabilities earns: profit, its curve and the curve's top.

Customers are ranked by what contacting them is expected to earn. Where all are worth
the same, that is by their churn probability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn_pipeline.evaluation.decision import Decision

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ProfitCurve:
    """Profit by the share of customers contacted, the call that earns most first.

    Attributes:
        threshold: float64, (k + 1,), descending; the lowest probability contacted, of
            a customer of the usual value. The first, contacting nobody, is 1, or more
            where a customer is sure to leave or worth more than the usual.
        share: float64, (k + 1,), share of customers contacted, 0 to 1.
        profit: float64, (k + 1,), money per customer of the whole table.
    """

    threshold: Floats
    share: Floats
    profit: Floats


def gains(
    label: ArrayLike, decision: Decision, value: ArrayLike | None = None
) -> Floats:
    """Return what contacting each customer earns.

    Args:
        label: (n,), 1 churned, 0 stayed.
        decision: Costs and values.
        value: Money that each customer is worth, (n,); None: all the usual.

    Returns:
        float64, (n,), money.
    """
    return decision.expected(label, decision.usual_value if value is None else value)


def profit(
    label: ArrayLike,
    probability: ArrayLike,
    decision: Decision,
    value: ArrayLike | None = None,
) -> float:
    """Return the profit per customer of contacting all of whom that is to be expected.

    Args:
        label: (n,), 1 churned, 0 stayed.
        probability: (n,), churn probability in [0, 1].
        decision: Costs and values.
        value: Money that each customer is worth, (n,); None: all the usual.

    Returns:
        Money per customer, contacted or not; doing nothing earns 0.

    Examples:
        >>> costs = Decision(100, 1, 10, 0.5, 1.0)
        >>> profit([1, 0], [0.9, 0.2], costs)
        16.5
    """
    worth = decision.usual_value if value is None else value
    contacted = np.asarray(probability, dtype=np.float64) >= decision.threshold(worth)
    return float(np.mean(contacted * gains(label, decision, worth)))


def profit_curve(
    label: ArrayLike,
    probability: ArrayLike,
    decision: Decision,
    value: ArrayLike | None = None,
) -> ProfitCurve:
    """Return the profit of every threshold that tells customers apart.

    Args:
        label: (n,), 1 churned, 0 stayed; n at least 1.
        probability: (n,), churn probability in [0, 1].
        decision: Costs and values.
        value: Money that each customer is worth, (n,); None: all the usual.

    Returns:
        The curve, from nobody contacted to everybody contacted.
    """
    ranked = _Ranked.of(label, probability, decision, value)
    earned = np.append(0.0, np.cumsum(ranked.gain)[ranked.last_of_ties])
    n = ranked.order.size
    return ProfitCurve(
        threshold=ranked.threshold,
        share=np.append(0.0, (ranked.last_of_ties + 1) / n),
        profit=earned / n,
    )


def top_of_curve(
    label: ArrayLike,
    probability: ArrayLike,
    decision: Decision,
    value: ArrayLike | None = None,
) -> tuple[float, float]:
    """Return the threshold that would have earned most on these rows, and how much.

    Args:
        label: (n,), 1 churned, 0 stayed; n at least 1.
        probability: (n,), churn probability in [0, 1].
        decision: Costs and values.
        value: Money that each customer is worth, (n,); None: all the usual.

    Returns:
        The threshold of the usual value, halfway between the last customer contacted
        and the next (of several that earn the same, the one nearest to the
        break-even), and its profit, money per customer. It is above all customers, and
        so above 1 where one is sure to leave, if contacting nobody earns most.
    """
    curve = profit_curve(label, probability, decision, value)
    top = _nearest_top(curve.threshold, curve.profit, decision)
    return top, float(curve.profit.max())


def draw_tops(
    label: ArrayLike,
    probability: ArrayLike,
    decision: Decision,
    value: ArrayLike | None = None,
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
        value: Money that each customer is worth, (n,); None: all the usual.
        customer: (n,), customer id of each row; a customer's rows are drawn together.
        resamples: Number of resamples, at least 1.
        seed: Of the draws.

    Returns:
        float64, (resamples,), thresholds of the usual value.
    """
    ranked = _Ranked.of(label, probability, decision, value)
    _, code = np.unique(np.asarray(customer)[ranked.order], return_inverse=True)
    n_customers = int(code.max()) + 1
    rng = np.random.default_rng(seed)
    tops = np.empty(resamples)
    for i in range(resamples):
        drawn = rng.integers(0, n_customers, n_customers)
        times = np.bincount(drawn, minlength=n_customers)[code]
        earned = np.cumsum(times * ranked.gain)[ranked.last_of_ties]
        profits = np.append(0.0, earned)
        tops[i] = _nearest_top(ranked.threshold, profits, decision)
    return tops


@dataclass(frozen=True)
class _Ranked:
    """Rows by falling expected profit: positions, gains, ends of ties, thresholds."""

    order: NDArray[np.int64]
    gain: Floats
    last_of_ties: NDArray[np.int64]
    threshold: Floats

    @classmethod
    def of(
        cls,
        label: ArrayLike,
        probability: ArrayLike,
        decision: Decision,
        value: ArrayLike | None,
    ) -> _Ranked:
        """Rank rows; `value` is each customer's worth, None takes the usual one."""
        worth = decision.usual_value if value is None else value
        score = decision.equivalent(probability, worth)
        order = np.argsort(-score, kind="stable")
        ranked = score[order]
        last_of_ties = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
        # Contacted is who reaches the threshold, so 1 would still contact the certain.
        nobody = 1.0 if ranked[0] < 1 else 2 * ranked[0]
        gain = gains(label, decision, worth)[order]
        threshold = np.append(nobody, ranked[last_of_ties])
        return cls(order, gain, last_of_ties, threshold)


def _nearest_top(threshold: Floats, profits: Floats, decision: Decision) -> float:
    """Return the threshold of the most profit, halfway to the next lower one."""
    lower = np.append(threshold[1:], 0.0)
    halfway = (threshold + lower) / 2
    halfway = np.where(halfway > lower, halfway, threshold)  # as of two next floats
    top = np.isclose(profits, profits.max(), rtol=1e-12, atol=1e-12)
    distance = np.where(top, np.abs(halfway - decision.break_even), np.inf)
    return float(halfway[np.argmin(distance)])

"""What calls bring, by those who would have been called and were kept aside by chance.

Chance alone says who is called, so the two groups differ by the call and by nothing
else: what becomes of them says what calls do. No model has a say in it.

Labels settle night by night, and somebody looks at each report. The intervals hold at
all these looks at once, see `evaluation.sequential`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.evaluation.sequential import SMALLEST_ARM, half_width

Floats = NDArray[np.float64]
Says = Literal["fewer_leave", "more_leave", "not_sure"]


@dataclass(frozen=True)
class Sure:
    """How sure intervals are.

    Attributes:
        confidence: Share of campaigns, in (0, 1), in which an interval covers the truth
            however often it is looked at.
        planned: Customers of both groups, split evenly, at whom intervals are
            narrowest; only their width depends on it.
    """

    confidence: float
    planned: int


@dataclass(frozen=True)
class Between:
    """A number and the interval that the truth lies in.

    Attributes:
        value: As found.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Between:
        """Return it by another scale, of 0 or more."""
        return Between(factor * self.value, factor * self.low, factor * self.high)

    def less(self, cost: float) -> Between:
        """Return it after a cost that is certain."""
        return Between(self.value - cost, self.low - cost, self.high - cost)


@dataclass(frozen=True)
class Effect:
    """What calls did.

    Attributes:
        called: Customers who were called and whose label is known.
        control: Likewise, of those kept aside.
        called_churn: Share of the called who left.
        control_churn: Share of those kept aside who left.
        change: Churn rate of the called less that of the others; below 0: calls work.
        profit: Money that calling brought a customer, less what it is expected to have
            cost.
        expected_change: The change that the success rates stated then foresee.
        expected_profit: The money that was expected, a customer.
        says: Whether fewer leave when called, or more (sleeping dogs are woken);
            `not_sure` where the interval holds 0.
    """

    called: int
    control: int
    called_churn: float
    control_churn: float
    change: Between
    profit: Between
    expected_change: float
    expected_profit: float
    says: Says


@dataclass(frozen=True)
class Outcomes:
    """Customers of both groups whose label is known; arrays of one length.

    Attributes:
        called: Whether each was called, or else kept aside.
        churned: 1 who left, 0 who stayed.
        value: Money that each brings who stays, 0 or more.
        spend: Money that calling each is expected to cost, offers included.
        probability: Of leaving, as the model said, in [0, 1].
        expected: Money that calling each was expected to earn.
        success_rate: Share of called churners who then stay, as was stated when each
            was listed, in (0, 1].
        control_share: Share of customers who were kept aside then, in (0, 1).
    """

    called: NDArray[np.bool_]
    churned: Floats
    value: Floats
    spend: Floats
    probability: Floats
    expected: Floats
    success_rate: Floats
    control_share: Floats

    def part(self, inside: NDArray[np.bool_]) -> Outcomes:
        """Return some of the customers."""
        return Outcomes(*(part[inside] for part in vars(self).values()))

    @property
    def is_enough(self) -> bool:
        """Whether there are as many of both groups as an interval needs."""
        return bool(min(self.called.sum(), (~self.called).sum()) >= SMALLEST_ARM)

    @property
    def weight(self) -> Floats:
        """How many customers each stands for, of those who could be in its group.

        Where the share was changed and customers' mood changed as well, the plain means
        of the groups differ though calls do nothing.
        """
        share = self.control_share
        return np.where(self.called, 1 / (1 - share), 1 / share)

    @property
    def gained(self) -> Floats:
        """Money that each brought beyond what the model expected without a call.

        What was known before the draw has no part in the difference of the groups: it
        only makes it less certain, the more so where a few customers are worth most.
        """
        return self.value * (self.probability - self.churned)


def measure(outcomes: Outcomes, sure: Sure) -> Effect:
    """Return what calls did to some customers.

    What an offer cost is not known of a customer: it is charged as the stated shares
    who take it expect. That of the called is certain, so it widens no interval.

    Args:
        outcomes: The customers of both groups.
        sure: How sure intervals are.

    Raises:
        ValueError: A group has fewer than 100 customers.
    """
    on, weight = outcomes.called, outcomes.weight
    if not outcomes.is_enough:
        raise ValueError(
            f"expected {SMALLEST_ARM} customers who were called and as many who were "
            f"kept aside, got {on.sum():,} and {(~on).sum():,}; set "
            "`scoring.control_share` above 0, and wait until labels have settled"
        )
    change = churn_change(outcomes, sure)
    kept_by_calls = outcomes.success_rate * outcomes.probability
    return Effect(
        called=int(on.sum()),
        control=int((~on).sum()),
        called_churn=_mean(outcomes.churned[on], weight[on]),
        control_churn=_mean(outcomes.churned[~on], weight[~on]),
        change=change,
        profit=gain(outcomes, sure).less(spent(outcomes)),
        expected_change=-_mean(kept_by_calls[on], weight[on]),
        expected_profit=_mean(outcomes.expected[on], weight[on]),
        says=_says(change),
    )


def churn_change(outcomes: Outcomes, sure: Sure) -> Between:
    """Return the churn rate of the called less that of those kept aside.

    A group of whom nobody left varies all the same: each counts as if one more had
    left and one more had stayed.

    Source:
        Agresti and Caffo (2000), Simple and effective confidence intervals for
        proportions and differences of proportions, The American Statistician 54.
    """
    means, spreads = [], []
    for arm in (outcomes.called, ~outcomes.called):
        weight = outcomes.weight[arm]
        mean, size = _mean(outcomes.churned[arm], weight), _size(weight)
        likely = (mean * size + 1) / (size + 2)
        means.append(mean)
        spreads.append(likely * (1 - likely) / (size + 2))
    return always(means[0] - means[1], sum(spreads), outcomes, sure)


def gain(outcomes: Outcomes, sure: Sure) -> Between:
    """Return the money that calls brought a customer, before what they cost."""
    means, spreads = [], []
    for arm in (outcomes.called, ~outcomes.called):
        found, weight = outcomes.gained[arm], outcomes.weight[arm]
        mean = _mean(found, weight)
        means.append(mean)
        spreads.append(float(spread(found - mean, weight)))
    return always(means[0] - means[1], sum(spreads), outcomes, sure)


def spent(outcomes: Outcomes) -> float:
    """Return the money that a call was expected to cost, of the called."""
    on = outcomes.called
    return _mean(outcomes.spend[on], outcomes.weight[on])


def spread(apart: Floats, weight: Floats) -> float:
    """Return the variance of a weighted mean.

    Args:
        apart: (n,), values less their mean.
        weight: (n,), above 0.
    """
    n = len(apart)
    return float((weight**2 @ apart**2) / weight.sum() ** 2 * n / max(n - 1, 1))


def always(value: float, variance: float, outcomes: Outcomes, sure: Sure) -> Between:
    """Return a number with the interval that holds at all looks at once.

    Args:
        value: As found of the customers.
        variance: Its own.
        outcomes: The customers, whose number says how far the labels are.
        sure: How sure the interval is.
    """
    on, weight = outcomes.called, outcomes.weight
    seen = 1 / (1 / _size(weight[on]) + 1 / _size(weight[~on]))
    level = 1 - sure.confidence
    width = half_width(np.array(seen), level=level, planned=sure.planned / 4)
    radius = float(np.sqrt(variance * seen) * width)
    return Between(value, value - radius, value + radius)


def _mean(values: Floats, weight: Floats) -> float:
    return float(weight @ values / weight.sum())


def _size(weight: Floats) -> float:
    """Return how many customers of one weight would be as certain."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def _says(change: Between) -> Says:
    if change.low <= 0 <= change.high:
        return "not_sure"
    return "more_leave" if change.low > 0 else "fewer_leave"

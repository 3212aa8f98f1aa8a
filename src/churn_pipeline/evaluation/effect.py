"""What calls bring, by those who would have been called and were kept aside by chance.

Chance alone says who is called, so the two groups differ by the call and by nothing
else: what becomes of them says what calls do. No model has a say in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Says = Literal["fewer_leave", "more_leave", "not_sure"]
FEWEST = 30
"""Customers of each group below which nothing is said of an effect."""


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
            `not_sure` where the interval holds 0 or a group is small.
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
    """

    called: NDArray[np.bool_]
    churned: Floats
    value: Floats
    spend: Floats
    probability: Floats
    expected: Floats
    success_rate: Floats

    def part(self, inside: NDArray[np.bool_]) -> Outcomes:
        """Return some of the customers."""
        return Outcomes(*(part[inside] for part in vars(self).values()))


def measure(outcomes: Outcomes, *, confidence: float) -> Effect:
    """Return what calls did to some customers.

    What an offer cost is not known of a customer: it is charged as the stated shares
    who take it expect. That of the called is certain, so it widens no interval.

    Args:
        outcomes: The customers of both groups.
        confidence: Share of intervals that cover the truth, in (0, 1).

    Raises:
        ValueError: One group has nobody.
    """
    on = outcomes.called
    if not on.any() or on.all():
        raise ValueError(
            f"expected customers who were called and others who were kept aside, got "
            f"{on.sum():,} and {(~on).sum():,}; set `scoring.control_share` above 0, "
            "and wait until labels have settled"
        )
    left, kept = outcomes.churned, outcomes.value * (1 - outcomes.churned)
    change = share_difference(
        *(int(left[on].sum()), int(on.sum())),
        *(int(left[~on].sum()), int((~on).sum())),
        confidence=confidence,
    )
    cost = float(outcomes.spend[on].mean())
    kept_by_calls = outcomes.success_rate * outcomes.probability
    gain = mean_difference(kept[on], kept[~on], confidence=confidence)
    profit = Between(gain.value - cost, gain.low - cost, gain.high - cost)
    return Effect(
        called=int(on.sum()),
        control=int((~on).sum()),
        called_churn=float(left[on].mean()),
        control_churn=float(left[~on].mean()),
        change=change,
        profit=profit,
        expected_change=-float(kept_by_calls[on].mean()),
        expected_profit=float(outcomes.expected[on].mean()),
        says=_says(change, int(on.sum()), int((~on).sum())),
    )


def share_difference(
    hits: int, of: int, other_hits: int, other_of: int, *, confidence: float
) -> Between:
    """Return how much larger one share is than another, of customers apart.

    Args:
        hits: Of the first group.
        of: Size of the first group, at least 1.
        other_hits: Of the second.
        other_of: Size of the second, at least 1.
        confidence: Share of intervals that cover the truth, in (0, 1).

    Source:
        Newcombe (1998), Interval estimation for the difference between independent
        proportions, Statistics in Medicine 17, method 10.

    Examples:
        >>> found = share_difference(56, 70, 48, 80, confidence=0.95)
        >>> round(found.low, 4), round(found.value, 4), round(found.high, 4)
        (0.0524, 0.2, 0.3339)
    """
    first, low, high = _wilson(hits, of, confidence)
    second, other_low, other_high = _wilson(other_hits, other_of, confidence)
    change = first - second
    down = np.hypot(first - low, other_high - second)
    up = np.hypot(high - first, second - other_low)
    return Between(change, change - float(down), change + float(up))


def mean_difference(
    first: ArrayLike, second: ArrayLike, *, confidence: float
) -> Between:
    """Return how much larger one mean is than another, of customers apart.

    Args:
        first: (n,), finite; one value alone leaves the interval without end.
        second: (m,), likewise.
        confidence: Share of intervals that cover the truth, in (0, 1).

    Source:
        Welch (1947), The generalization of Student's problem when several different
        population variances are involved, Biometrika 34.
    """
    from scipy.special import stdtrit

    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    change = float(one.mean() - other.mean())
    if min(one.size, other.size) <= 1:
        return Between(change, -np.inf, np.inf)
    parts = np.array([one.var(ddof=1) / one.size, other.var(ddof=1) / other.size])
    if not parts.sum():
        return Between(change, change, change)
    free = parts.sum() ** 2 / (parts**2 / [one.size - 1, other.size - 1]).sum()
    width = float(stdtrit(free, (1 + confidence) / 2) * np.sqrt(parts.sum()))
    return Between(change, change - width, change + width)


def _wilson(hits: int, of: int, confidence: float) -> tuple[float, float, float]:
    """Return a share, and Wilson's interval of it."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, square = hits / of, z * z / of
    middle = share + square / 2
    width = z * float(np.sqrt(share * (1 - share) / of + square / (4 * of)))
    return share, (middle - width) / (1 + square), (middle + width) / (1 + square)


def _says(change: Between, called: int, control: int) -> Says:
    if min(called, control) < FEWEST or change.low <= 0 <= change.high:
        return "not_sure"
    return "more_leave" if change.low > 0 else "fewer_leave"

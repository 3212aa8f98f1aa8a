"""Whether the order of a list holds: what calling its first part alone brings.

Those kept aside by chance have places in the order too, so each part of it shows what
calls bring there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.evaluation.effect import (
    Between,
    Floats,
    Outcomes,
    Sure,
    always,
    churn_change,
    gain,
    spent,
    spread,
)
from churn_pipeline.evaluation.sequential import SMALLEST_ARM

MOST_PARTS = 10


@dataclass(frozen=True)
class Order:
    """What the first part of a list brings, from nobody called to everybody.

    Attributes:
        share: (k + 1,), share of the list that is called from its top, 0 to 1.
        kept: (k + 1,), customers who stay since they are called, as a share of the
            list.
        profit: (k + 1,), money that the calls bring, a customer of the list.
        qini: Area between `profit` and the straight line to its end, which calls in
            any order bring: money a customer of the list.
        says: Whether the first of the list bring more than the last; `not_sure` where
            the interval of `qini` holds 0.
    """

    share: tuple[float, ...]
    kept: tuple[Between, ...]
    profit: tuple[Between, ...]
    qini: Between
    says: Literal["holds", "reversed", "not_sure"]


def order_of_calls(outcomes: Outcomes, sure: Sure) -> Order | None:
    """Return what calls bring from the one that was expected to earn most down.

    Args:
        outcomes: The customers of both groups.
        sure: How sure each interval is, by itself.

    Returns:
        In as many parts as have 100 customers of each group, ten at most; None where
        that is one.

    Source:
        Radcliffe (2007), Using control groups to target on predicted lift, Direct
        Marketing Analytics Journal 1, with money in place of counts.
    """
    part = _parts(outcomes)
    if part is None:
        return None
    firsts = [outcomes.part(part <= last) for last in range(part.max() + 1)]
    ends = np.bincount(part).cumsum() / len(part)
    changes = [churn_change(first, sure) for first in firsts]
    costs = [spent(first) for first in firsts]
    gains = [gain(first, sure) for first in firsts]
    nobody = Between(0.0, 0.0, 0.0)
    qini = _qini(outcomes, part, ends, sure).less(_area(ends * costs, ends))
    return Order(
        share=(0.0, *ends.tolist()),
        kept=(
            nobody,
            *(
                Between(-share * found.value, -share * found.high, -share * found.low)
                for found, share in zip(changes, ends, strict=True)
            ),
        ),
        profit=(
            nobody,
            *(
                found.less(cost).times(share)
                for found, cost, share in zip(gains, costs, ends, strict=True)
            ),
        ),
        qini=qini,
        says=_says(qini),
    )


def _parts(outcomes: Outcomes) -> NDArray[np.int64] | None:
    """Return each customer's part of the list, from 0; None where one is all."""
    called = outcomes.called
    place = np.argsort(np.argsort(-outcomes.expected, kind="stable"), kind="stable")
    most = min(MOST_PARTS, min(called.sum(), (~called).sum()) // SMALLEST_ARM)
    for parts in range(int(most), 1, -1):
        part = np.asarray(place * parts // len(place))
        smallest = np.bincount(2 * part + called, minlength=2 * parts).min()
        if outcomes.part(part == 0).is_enough and smallest > 1:
            return part
    return None


def _qini(
    outcomes: Outcomes, part: NDArray[np.int64], share: Floats, sure: Sure
) -> Between:
    """Return the area between the curve of gains and the straight line to its end.

    It is a sum of the means of parts and groups, each weighed by its place in the
    curve, and so is its variance.
    """
    factor = _trapezoids(share) * share
    factor[-1] -= factor.sum()
    area = variance = 0.0
    for called, sign in ((True, 1), (False, -1)):
        group, inside = (
            outcomes.part(outcomes.called == called),
            part[outcomes.called == called],
        )
        weight = group.weight
        total = np.bincount(inside, weight)
        mean = np.bincount(inside, weight * group.gained) / total
        own = sign * total * (factor / total.cumsum())[::-1].cumsum()[::-1]
        apart = group.gained - mean[inside]
        spreads = [
            spread(apart[inside == at], weight[inside == at])
            for at in range(len(total))
        ]
        area += float(own @ mean)
        variance += float(own**2 @ spreads)
    return always(area, variance, outcomes, sure)


def _area(curve: Floats, share: Floats) -> float:
    """Return the area between a curve from 0 and the straight line to its end."""
    return float(_trapezoids(share) @ (curve - share * curve[-1]))


def _trapezoids(share: Floats) -> Floats:
    """Return what each point of a curve from 0 counts in the area below it."""
    return (np.diff(share, prepend=0) + np.diff(share, append=1)) / 2


def _says(qini: Between) -> Literal["holds", "reversed", "not_sure"]:
    if qini.low > 0:
        return "holds"
    return "reversed" if qini.high < 0 else "not_sure"

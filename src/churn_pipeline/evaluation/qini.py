"""Whether the order of a list holds: what calling its first part alone brings.

Those kept aside by chance have places in the order too, so each part of it shows what
calls bring there.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.evaluation.effect import (
    FEWEST,
    Between,
    Floats,
    Outcomes,
    mean_difference,
    share_difference,
)

MOST_STEPS = 10


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


def order_of_calls(outcomes: Outcomes, *, confidence: float) -> Order | None:
    """Return what calls bring from the one that was expected to earn most down.

    Args:
        outcomes: The customers of both groups.
        confidence: Share of intervals that cover the truth, in (0, 1), each by itself.

    Returns:
        None where there are too few customers of a group for two parts.

    Source:
        Radcliffe (2007), Using control groups to target on predicted lift, Direct
        Marketing Analytics Journal 1, with money in place of counts.
    """
    called = outcomes.called
    steps = min(MOST_STEPS, min(called.sum(), (~called).sum()) // FEWEST)
    if steps <= 1:
        return None
    place = np.argsort(np.argsort(-outcomes.expected, kind="stable"), kind="stable")
    part = place * steps // len(place)
    if np.bincount(2 * part + called, minlength=2 * steps).min() <= 1:
        return None
    ends = np.bincount(part).cumsum() / len(part)
    firsts = [outcomes.part(part <= step) for step in range(steps)]
    nobody = Between(0.0, 0.0, 0.0)
    qini = _qini(outcomes, part, ends, confidence)
    return Order(
        share=(0.0, *ends.tolist()),
        kept=(nobody, *(map(_kept, firsts, ends, [confidence] * steps))),
        profit=(nobody, *(map(_profit, firsts, ends, [confidence] * steps))),
        qini=qini,
        says=_says(qini),
    )


def _kept(first: Outcomes, share: float, confidence: float) -> Between:
    on, left = first.called, first.churned
    fewer = share_difference(
        *(int(left[~on].sum()), int((~on).sum())),
        *(int(left[on].sum()), int(on.sum())),
        confidence=confidence,
    )
    return _scaled(fewer, share)


def _profit(first: Outcomes, share: float, confidence: float) -> Between:
    money, on = _money(first), first.called
    gain = mean_difference(money[on], money[~on], confidence=confidence)
    return _scaled(gain, share)


def _money(outcomes: Outcomes) -> Floats:
    """Return what each customer brings, less what calling them is expected to cost."""
    kept = outcomes.value * (1 - outcomes.churned)
    return np.where(outcomes.called, kept - outcomes.spend, kept)


def _qini(
    outcomes: Outcomes, part: NDArray[np.int64], share: Floats, confidence: float
) -> Between:
    """Return the area between the curve of profit and the straight line to its end.

    It is a sum of the means of parts and groups, each weighed by its place in the
    curve, and so is its variance.
    """
    curve = (np.diff(share, prepend=0) + np.diff(share, append=1)) / 2 * share
    curve[-1] -= curve.sum()
    area = variance = 0.0
    for called, sign in ((True, 1), (False, -1)):
        group = outcomes.part(outcomes.called == called)
        money, inside = _money(group), part[outcomes.called == called]
        count = np.bincount(inside, minlength=len(share))
        mean = np.bincount(inside, money, len(share)) / count
        apart = np.bincount(inside, (money - mean[inside]) ** 2) / (count - 1)
        weight = sign * count * (curve / count.cumsum())[::-1].cumsum()[::-1]
        area += float(weight @ mean)
        variance += float(weight**2 @ (apart / count))
    width = NormalDist().inv_cdf((1 + confidence) / 2) * float(np.sqrt(variance))
    return Between(area, area - width, area + width)


def _scaled(found: Between, share: float) -> Between:
    return Between(share * found.value, share * found.low, share * found.high)


def _says(qini: Between) -> Literal["holds", "reversed", "not_sure"]:
    if qini.low > 0:
        return "holds"
    return "reversed" if qini.high < 0 else "not_sure"

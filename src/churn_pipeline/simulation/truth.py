"""The churn probability that a model could reach at best.

Who is under contract is known to be a customer. Of the others the company sees only
purchases: that they are still customers has a probability, followed month by month by
Bayes' rule (a two-state filter with the true rates), and the churn label of the
inactivity rule is no purchase in the horizon, whether they left or merely paused.
Who let a contract end never comes back: the probability is 1 while they still count
as active. Features leave them out (see `features.observation`); that they have a row
here makes the table hold every row of either rule.

Within a month rates are constant and a leaver's day is uniform. The hazards of the
first two months of a horizon are known (see `hazard`); where a horizon reaches further
(by a day after 1 February) the second one is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.simulation.calendar import Months
from churn_pipeline.simulation.customers import Customers, Floats
from churn_pipeline.simulation.hazard import term_ends


@dataclass(frozen=True)
class Window:
    """The days of a month in which churn is looked for.

    Attributes:
        month: Which month.
        length: Days of the month.
        begin: Days from the month's beginning to the window's.
        end: Days from the month's beginning to the window's end.
    """

    month: int
    length: float
    begin: float
    end: float


def windows(
    months: Months, month: int, lead_days: int, horizon_days: int
) -> list[Window]:
    """Return a horizon that starts with a month, cut into its months."""
    found: list[Window] = []
    origin = float(months.cuts[month])
    for index in range(month, len(months.lengths)):
        offset = float(months.cuts[index]) - origin
        length = float(months.lengths[index])
        begin = min(max(lead_days - offset, 0.0), length)
        end = min(max(lead_days + horizon_days - offset, 0.0), length)
        if end == 0:
            return found
        found.append(Window(index, length, begin, end))
    raise ValueError(
        f"expected a horizon that ends within {len(months.lengths) - month} months, "
        f"got {lead_days + horizon_days} days; shorten the label's horizon"
    )


def update_belief(
    belief: Floats,
    purchases: Floats,
    last: Floats,
    *,
    hazard: Floats,
    rate: Floats,
    length: float,
) -> Floats:
    """Return the probability of being a customer still, after a month was seen.

    Args:
        belief: float64, (n,), the same at the month's beginning.
        purchases: float64, (n,), purchases in the month.
        last: float64, (n,), days from the month's beginning to the last purchase in
            it; 0 without one.
        hazard: float64, (n,), probability of leaving in the month.
        rate: float64, (n,), purchases a day.
        length: Days of the month.

    Returns:
        float64, (n,), 0 to 1.
    """
    stayed = (1 - hazard) * np.exp(-rate * length)
    left = hazard * (np.exp(-rate * last) - np.exp(-rate * length)) / (rate * length)
    gone_before = np.where(purchases > 0, 0.0, 1 - belief)
    updated: Floats = belief * stayed / (belief * (stayed + left) + gone_before)
    return updated


def inactivity_probability(
    belief: Floats,
    rates: Sequence[Floats],
    hazards: Sequence[Floats],
    parts: Sequence[Window],
) -> Floats:
    """Return the probability of no purchase in a horizon.

    Args:
        belief: float64, (n,), probability of being a customer at its beginning.
        rates: Purchases a day in each part, each float64, (n,).
        hazards: Probability of leaving in each part's month, each float64, (n,).
        parts: The horizon, cut into months.

    Returns:
        float64, (n,), 0 to 1.
    """
    silent = np.ones_like(belief)
    for part, rate, hazard in reversed(list(zip(parts, rates, hazards, strict=True))):
        exposed = part.end - part.begin
        quiet = np.exp(-rate * exposed)
        leaves = part.begin + (1 - quiet) / rate + (part.length - part.end) * quiet
        silent = hazard * leaves / part.length + (1 - hazard) * quiet * silent
    return 1 - belief * (1 - silent)


def contract_end_probability(
    customers: Customers,
    months: Months,
    hazards: Sequence[Floats],
    parts: Sequence[Window],
) -> Floats:
    """Return the probability that a running contract ends in a horizon.

    Args:
        customers: Who they are; those without a contract get a number of no meaning.
        months: The calendar.
        hazards: Probability of leaving in each part's month, each float64, (n,).
        parts: The horizon, cut into months.

    Returns:
        float64, (n,), 0 to 1.
    """
    running = np.ones(customers.size)
    ended = np.zeros(customers.size)
    for part, hazard in zip(parts, hazards, strict=True):
        day = end_offset(customers, months, part.month)
        at_renewal = (part.begin <= day) & (day < part.end)
        days = _cancellation_days(months, part.month)
        in_term = np.mean((part.begin <= days) & (days < part.end))
        chance = np.where(term_ends(customers, part.month), at_renewal, in_term)
        ended += running * hazard * chance
        running = running * (1 - hazard)
    return ended


def end_offset(customers: Customers, months: Months, month: int) -> NDArray[np.int64]:
    """Return the days from a month's beginning to the day on which terms end in it."""
    offset: NDArray[np.int64] = (
        months.firsts[month] + customers.day_of_month - months.cuts[month]
    )
    return offset


def _cancellation_days(months: Months, month: int) -> NDArray[np.int64]:
    """Return the days of a month, from its beginning, on which contracts are cancelled.

    Not on its last day: that is the next observation date.
    """
    return np.arange(int(months.lengths[month]) - 1)


def cancellation_offset(
    rng: np.random.Generator, months: Months, month: int, size: int
) -> NDArray[np.int64]:
    """Return drawn days, int64 (size,), from a month's beginning to a cancellation."""
    return rng.choice(_cancellation_days(months, month), size)

"""Why customers leave: the hazard of a month, of what the company has seen.

A customer decides a month ahead: the hazard of month k depends on what had happened by
the beginning of month k - 1. At an observation date the hazards of the next two
months are therefore settled, which makes the churn probability of a horizon of two
months exact (see `truth`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.simulation.calendar import Months
from churn_pipeline.simulation.customers import DAYS_A_MONTH, Customers, Floats
from churn_pipeline.simulation.params import Hazard, Simulation

PAST = 3
"""Months of history that a hazard looks back on."""


@dataclass
class History:
    """What the company has seen, month by month; the first `PAST` months are empty.

    Attributes:
        purchases: float64, (PAST + months, n_customers).
        complaints: float64, same shape.
        failures: float64, same shape; failed payments.
        spend: float64, same shape; currency.
        last_purchase: float64, (n_customers,), days since 1970-01-01.
    """

    purchases: Floats
    complaints: Floats
    failures: Floats
    spend: Floats
    last_purchase: Floats = field(repr=False)

    @classmethod
    def empty(cls, customers: Customers, months: Months) -> History:
        """Return a history in which nothing has happened since the sign-ups."""
        shape = (PAST + months.count, customers.size)
        since = np.maximum(customers.signup_day, months.cuts[0]).astype(np.float64)
        return cls(
            purchases=np.zeros(shape),
            complaints=np.zeros(shape),
            failures=np.zeros(shape),
            spend=np.zeros(shape),
            last_purchase=since,
        )


def month_hazard(
    customers: Customers,
    history: History,
    months: Months,
    params: Simulation,
    month: int,
) -> Floats:
    """Return the probability of leaving in a month of those who are customers in it.

    Args:
        customers: Who they are.
        history: What had happened by the beginning of the month before.
        months: The calendar.
        params: The coefficients, and when they change.
        month: Month of the hazard.

    Returns:
        float64, (n_customers,), 0 to 0.7; 0 up to the month of sign-up.
    """
    coefficients = _coefficients(params, months, month)
    log_odds = _traits(customers, coefficients)
    log_odds += _troubles(customers, history, months, coefficients, month - 1)
    log_odds += _contract(customers, history, months, coefficients, month)
    chance = np.minimum(1 / (1 + np.exp(-log_odds)), 0.7)
    return np.where(customers.signup_month < month, chance, 0.0)


def _coefficients(params: Simulation, months: Months, month: int) -> Hazard:
    """Return the coefficients that hold in a month."""
    changes = params.concept_changes
    begun = months.begun([change.start for change in changes], month)
    changed: dict[str, float] = {}
    for change in changes[:begun]:
        changed |= change.hazard
    return params.hazard.model_copy(update=changed)


def term_ends(customers: Customers, month: int) -> NDArray[np.bool_]:
    """Return whether a contract term ends in a month."""
    elapsed = month - customers.signup_month
    term = np.maximum(customers.term, 1)
    ends: NDArray[np.bool_] = elapsed % term == 0
    return customers.has_contract & (elapsed > 0) & ends


def _traits(customers: Customers, hazard: Hazard) -> Floats:
    """Return the part of the log-odds that is who somebody is."""
    return (
        hazard.base
        + hazard.age * np.square((customers.age - 45) / 20)
        + _by_code(hazard.channel, customers.channel)
        + _by_code(hazard.segment, customers.segment)
        + _by_code(hazard.region, customers.region)
    )


def _by_code(values: Mapping[str, float], codes: NDArray[np.int8]) -> Floats:
    """Return each customer's value of a coefficient that is stated by name."""
    found: Floats = np.fromiter(values.values(), np.float64)[codes]
    return found


def _troubles(
    customers: Customers, history: History, months: Months, hazard: Hazard, month: int
) -> Floats:
    """Return the part that is what somebody has met with by the start of `month`."""
    month = max(month, 0)
    tenure = (months.cuts[month] - customers.signup_day) / DAYS_A_MONTH
    newness = np.exp(-np.maximum(tenure, 0) / 6)
    complaints = _recent(history.complaints, month, 2)
    failures = _recent(history.failures, month, 3)
    latest = history.purchases[month + PAST - 1]
    earlier = _recent(history.purchases, month, 3) - latest
    fall = np.log((earlier / 2 + 1) / (latest + 1))
    seen = (tenure > PAST) & (month >= PAST)
    worse = 1 + newness
    total: Floats = (
        hazard.complaints * (1 - np.exp(-0.8 * complaints)) * worse
        + hazard.payment_failures * (1 - np.exp(-0.8 * failures))
        + hazard.fewer_purchases * np.where(seen, np.clip(fall, -1.2, 1.2), 0.0)
        + hazard.newness * newness
        + hazard.silence * _silence(customers, history, months, month)
    )
    return total


def _recent(counts: Floats, month: int, length: int) -> Floats:
    """Return sums over the `length` months before the start of a month."""
    end = month + PAST
    total: Floats = counts[end - length : end].sum(axis=0)
    return total


def _silence(
    customers: Customers, history: History, months: Months, month: int
) -> Floats:
    """Return how unusual the time since the last purchase is, 0 to 1."""
    days = np.maximum(months.cuts[month] - history.last_purchase, 0.0)
    unusual = np.tanh(days * customers.rate / 4)
    return np.where(customers.has_contract, 0.0, unusual)


def _contract(
    customers: Customers, history: History, months: Months, hazard: Hazard, month: int
) -> Floats:
    """Return the part that is the contract, 0 without one."""
    seen = (month > PAST) & (month - 1 - customers.signup_month > PAST)
    spend = _recent(history.spend, max(month - 1, 0), 3) / 3
    value = np.tanh(np.log((customers.charge + 5) / (spend + 5)))
    ends = term_ends(customers, month)
    in_term = np.where(ends, hazard.renewal, hazard.mid_term)
    total = (
        hazard.contract
        + _by_code(hazard.plan, customers.plan)
        + hazard.poor_value * np.where(seen, value, 0.0)
        + np.where(customers.term > 1, in_term, 0.0)
    )
    return np.where(customers.has_contract, total, 0.0)

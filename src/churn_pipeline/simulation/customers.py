"""Who the customers of the simulated company are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.simulation.calendar import Months, first_of_month
from churn_pipeline.simulation.params import Simulation

Codes = NDArray[np.int8]
Floats = NDArray[np.float64]
GENDERS = ("female", "male", "other")
GENDER_WEIGHTS = (0.49, 0.48, 0.03)
DAYS_A_MONTH = 30.4375
USUAL_TROUBLES = 0.7
"""Log-odds of leaving that a usual customer's troubles add."""
YOUNG = 30


@dataclass(frozen=True)
class Customers:
    """A chunk of customers, one entry each; codes index the names in the parameters.

    Attributes:
        first: Number of the first of them in the company.
        segment: int8 codes.
        region: int8 codes.
        channel: int8 codes.
        gender: int8 codes of `GENDERS`.
        age: Years, 18 to 95.
        income: Currency a year.
        signup_month: Month of sign-up; negative before the data begin.
        signup_day: Day of sign-up, days since 1970-01-01.
        term: Length of a contract term in months; 0 without a contract.
        plan: int8 codes.
        charge: Currency a month; 0 without a contract.
        rate: Purchases a day, before the season.
        complaint_rate: Complaints a day.
        failure_rate: Failed payments a day.
    """

    first: int
    segment: Codes
    region: Codes
    channel: Codes
    gender: Codes
    age: Floats
    income: Floats
    signup_month: NDArray[np.int64]
    signup_day: NDArray[np.int64]
    term: NDArray[np.int64]
    plan: Codes
    charge: Floats
    rate: Floats
    complaint_rate: Floats
    failure_rate: Floats

    @property
    def size(self) -> int:
        """How many they are."""
        return len(self.segment)

    @property
    def has_contract(self) -> NDArray[np.bool_]:
        """Whether each is under contract."""
        return self.term > 0

    @property
    def day_of_month(self) -> NDArray[np.int64]:
        """Days from a month's first to the day on which a term begins or ends."""
        return self.signup_day - first_of_month(self._signup_index)

    @property
    def _signup_index(self) -> NDArray[np.int64]:
        months = self.signup_day.astype("datetime64[D]").astype("datetime64[M]")
        return months.astype(np.int64) + 1970 * 12


def pick(
    rng: np.random.Generator, weights: dict[str, float] | dict[int, float], size: int
) -> Codes:
    """Return int8 codes, (size,), drawn by weight."""
    chances = np.fromiter(weights.values(), np.float64)
    edges = np.cumsum(chances / chances.sum())[:-1]
    return np.searchsorted(edges, rng.random(size), side="right").astype(np.int8)


def draw_customers(
    rng: np.random.Generator, params: Simulation, months: Months, first: int, size: int
) -> Customers:
    """Return the customers `first` to `first + size` of the company."""
    segment = pick(rng, params.segments, size)
    region = pick(rng, params.regions, size)
    usual = pick(rng, params.channels, size)
    usual_hazard = _usual_hazard(params, segment, usual)
    signup_month = _signup_months(rng, params, months, usual_hazard)
    channel, shift = _won(rng, params, months, signup_month, usual)
    age = np.clip(np.round(rng.normal(45 + shift, 14)), 18, 95)
    share = np.fromiter(params.contract_share.values(), np.float64)[segment]
    has_contract = rng.random(size) < share
    terms = np.fromiter(params.terms, np.int64)
    plan = pick(rng, params.plans, size)
    charge = _charges(rng, params, plan)
    day = rng.integers(2, 28, size)
    start = params.start.year * 12 + params.start.month - 1
    return Customers(
        first=first,
        segment=segment,
        region=region,
        channel=channel,
        gender=pick(rng, dict(zip(GENDERS, GENDER_WEIGHTS, strict=True)), size),
        age=age,
        income=np.round(rng.lognormal(10.4, 0.5, size), -2),
        signup_month=signup_month,
        signup_day=first_of_month(start + signup_month) + day,
        term=np.where(has_contract, terms[pick(rng, params.terms, size)], 0),
        plan=plan,
        charge=np.where(has_contract, charge, 0.0),
        rate=_purchase_rates(rng, params, segment, age, (plan + 1) * has_contract),
        complaint_rate=_complaint_rates(rng, params, channel),
        failure_rate=params.payment_failures
        / DAYS_A_MONTH
        * np.where(age < YOUNG, 1.8, 0.85),
    )


def _won(
    rng: np.random.Generator,
    params: Simulation,
    months: Months,
    signup_month: NDArray[np.int64],
    usual: Codes,
) -> tuple[Codes, Floats]:
    """Return how customers were won, and how much older that makes them (years)."""
    channel, shift = usual, np.zeros(len(usual))
    for drift in params.input_drifts:
        campaign = signup_month >= months.begins_by(drift.start)
        won = pick(rng, drift.channels, len(usual))
        channel = np.where(campaign, won, channel)
        shift = np.where(campaign, drift.age_shift_years, shift)
    return channel, shift


def _charges(rng: np.random.Generator, params: Simulation, plan: Codes) -> Floats:
    """Return what each plan costs a month, rebates and extras included."""
    listed = np.fromiter(params.charges.values(), np.float64)[plan]
    return np.round(listed * rng.uniform(0.85, 1.15, len(plan)), 2)


def _complaint_rates(
    rng: np.random.Generator, params: Simulation, channel: Codes
) -> Floats:
    """Return complaints a day, by how a customer was won and a spread of his own."""
    usual = params.complaints / DAYS_A_MONTH
    own = rng.lognormal(0, 0.3, len(channel))
    return np.asarray(usual * np.array([0.7, 1.0, 1.5])[channel % 3] * own)


def _usual_hazard(params: Simulation, segment: Codes, channel: Codes) -> Floats:
    """Return about how likely each customer is to leave in a usual month."""
    hazard = params.hazard
    log_odds = (
        hazard.base
        + USUAL_TROUBLES
        + np.fromiter(hazard.segment.values(), np.float64)[segment]
        + np.fromiter(hazard.channel.values(), np.float64)[channel]
    )
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def _signup_months(
    rng: np.random.Generator, params: Simulation, months: Months, hazard: Floats
) -> NDArray[np.int64]:
    """Return months of sign-up, such that the company is neither new nor fading.

    Before the data begin, as many sign up each month as later; those who would have
    left by the beginning sign up within the data instead.
    """
    size = len(hazard)
    tenure = rng.integers(1, params.history_months + 1, size)
    stayed = rng.random(size) < (1 - hazard) ** tenure
    weights = np.ones(months.count)
    for drift in params.input_drifts:
        weights[months.begins_by(drift.start) :] = drift.signup_factor
    within = rng.choice(months.count, size, p=weights / weights.sum())
    return np.where(stayed, -tenure, within)


def _purchase_rates(
    rng: np.random.Generator,
    params: Simulation,
    segment: Codes,
    age: Floats,
    level: NDArray[np.int8],
) -> Floats:
    """Return purchases a day, by what is known of a customer and a spread of his own.

    `level` is 0 without a contract, and grows with the plan.
    """
    monthly = np.fromiter(params.purchases.values(), np.float64)[segment]
    by_age = np.exp(-0.01 * (age - 45))
    own = rng.lognormal(0, params.rate_spread, len(segment))
    return monthly / DAYS_A_MONTH * by_age * (1 + 0.3 * level) * own

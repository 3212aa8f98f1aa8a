"""The company's life, month by month: purchases, troubles, and who leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.dataset import ContractEndLabel
from churn_pipeline.simulation.calendar import Months
from churn_pipeline.simulation.customers import Customers, Floats, pick
from churn_pipeline.simulation.hazard import (
    PAST,
    History,
    month_hazard,
    term_ends,
)
from churn_pipeline.simulation.params import Simulation
from churn_pipeline.simulation.truth import (
    cancellation_offset,
    contract_end_probability,
    end_offset,
    inactivity_probability,
    update_belief,
    windows,
)

KINDS = ("purchase", "complaint", "payment_failure")
AMOUNT_BY_PRODUCT = (18.0, 30.0, 12.0, 55.0, 25.0, 40.0)
"""Median amount of a purchase, by the code of its product, in turn."""
AMOUNT_SPREAD = 0.4


@dataclass(frozen=True)
class Events:
    """Dated events of a chunk of customers.

    Attributes:
        customer: int64, index of the customer in the chunk.
        time: float64, days since 1970-01-01.
        kind: int8 codes of `KINDS`.
        product: int8 codes; -1 where the event is no purchase.
        amount: float64, currency; NaN where the event is no purchase.
    """

    customer: NDArray[np.int64]
    time: Floats
    kind: NDArray[np.int8]
    product: NDArray[np.int8]
    amount: Floats


@dataclass(frozen=True)
class Truth:
    """True churn probabilities of a chunk at one observation date.

    Attributes:
        day: The observation date, days since 1970-01-01.
        customer: int64, index of the customer in the chunk.
        probability: float64, 0 to 1.
    """

    day: int
    customer: NDArray[np.int64]
    probability: Floats


@dataclass(frozen=True)
class Life:
    """What happened to a chunk of customers.

    Attributes:
        events: Event tables, one a month and kind.
        truths: One an observation date.
        exit_day: float64, (n_customers,), when each left, days since 1970-01-01;
            infinite for who stayed.
    """

    events: list[Events]
    truths: list[Truth]
    exit_day: Floats


class Company:
    """A chunk of customers on its way through the months."""

    def __init__(
        self,
        rng: np.random.Generator,
        customers: Customers,
        months: Months,
        params: Simulation,
        label: ContractEndLabel,
    ) -> None:
        self._rng = rng
        self._customers = customers
        self._months = months
        self._params = params
        self._label = label
        self._history = History.empty(customers, months)
        self._bought = np.zeros(customers.size, dtype=bool)
        self._belief = np.ones(customers.size)
        self._exit_day = np.full(customers.size, np.inf)
        self._events: list[Events] = []
        self._truths: list[Truth] = []

    def live(self) -> Life:
        """Return what happened from the first month to the last."""
        hazard = self._hazard(0)
        for month in range(self._months.count):
            following = self._hazard(month + 1)
            if month:
                self._truths.append(self._truth(month, hazard, following))
            self._live_month(month, hazard)
            hazard = following
        last = self._months.count
        self._truths.append(self._truth(last, hazard, self._hazard(last + 1)))
        return Life(self._events, self._truths, self._exit_day)

    def _hazard(self, month: int) -> Floats:
        return month_hazard(
            self._customers, self._history, self._months, self._params, month
        )

    def _rate(self, month: int) -> Floats:
        """Return purchases a day in a month."""
        season = self._params.season[int(self._months.numbers[month])]
        return self._customers.rate * season

    def _truth(self, month: int, hazard: Floats, following: Floats) -> Truth:
        """Return the true probabilities at the beginning of a month."""
        label = self._label
        parts = windows(self._months, month, label.lead_time_days, label.horizon_days)
        hazards = [hazard, *([following] * (len(parts) - 1))]
        rates = [self._rate(part.month) for part in parts]
        silent = inactivity_probability(self._belief, rates, hazards, parts)
        ends = contract_end_probability(self._customers, self._months, hazards, parts)
        runs, observed = self._observed(month)
        left = self._customers.has_contract & ~runs
        chance = np.where(runs, ends, np.where(left, 1.0, silent))
        who = np.flatnonzero(observed)
        return Truth(self._months.observation_day(month), who, chance[who])

    def _observed(self, month: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return whose contract runs, and who is a customer as far as can be seen."""
        cut = self._months.cuts[month]
        signed = self._customers.signup_month < month
        runs = self._customers.has_contract & signed & (self._exit_day >= cut)
        since = cut - self._params.observed_within_days
        active = self._bought & (self._history.last_purchase >= since)
        return runs, runs | active

    def _live_month(self, month: int, hazard: Floats) -> None:
        """Let a month happen: who leaves, then what everybody does until then."""
        begin, length = self._months.cuts[month], self._months.lengths[month]
        present = (self._customers.signup_month <= month) & (self._exit_day >= begin)
        leaves = present & (self._rng.random(self._customers.size) < hazard)
        self._exit_day[leaves] = (begin + self._exit_offset(month))[leaves]
        start = np.maximum(self._customers.signup_day - begin, 0)
        stop = np.minimum(self._exit_day - begin, length)
        days = np.where(present, np.maximum(stop - start, 0.0), 0.0)
        last = self._buy(month, begin + start, days)
        self._suffer(month, 1, self._history.complaints, begin + start, days)
        self._suffer(month, 2, self._history.failures, begin + start, days)
        self._believe(month, hazard, last)

    def _exit_offset(self, month: int) -> Floats:
        """Return the days from a month's beginning to the exit of those who leave."""
        customers, size = self._customers, self._customers.size
        length = self._months.lengths[month]
        renewal = end_offset(customers, self._months, month)
        cancelled = cancellation_offset(self._rng, self._months, month, size)
        ended = np.where(term_ends(customers, month), renewal, cancelled)
        return np.where(customers.has_contract, ended, self._rng.random(size) * length)

    def _buy(self, month: int, start: Floats, days: Floats) -> Floats:
        """Let purchases happen; return the time of each customer's last one, or 0."""
        weights, factor = self._sales(month)
        who, time = self._happen(self._rate(month), start, days)
        product = pick(self._rng, weights, len(who))
        median = np.resize(AMOUNT_BY_PRODUCT, len(weights))[product]
        amount = median * self._rng.lognormal(0, AMOUNT_SPREAD, len(who))
        amount = np.round(amount * factor, 2)
        size, row = self._customers.size, month + PAST
        self._history.purchases[row] = np.bincount(who, minlength=size)
        self._history.spend[row] = np.bincount(who, amount, minlength=size)
        last = np.zeros(size)
        np.maximum.at(last, who, time)
        self._bought |= last > 0
        self._history.last_purchase = np.maximum(self._history.last_purchase, last)
        kind = np.zeros(len(who), dtype=np.int8)
        self._events.append(Events(who, time, kind, product, amount))
        return last

    def _sales(self, month: int) -> tuple[dict[str, float], float]:
        """Return the weights of what is sold in a month, and the factor on amounts."""
        drifts = self._params.input_drifts
        begun = self._months.begun([drift.start for drift in drifts], month)
        if not begun:
            return self._params.products, 1.0
        return drifts[begun - 1].products, drifts[begun - 1].amount_factor

    def _suffer(
        self, month: int, kind: int, counts: Floats, start: Floats, days: Floats
    ) -> None:
        """Let complaints or failed payments happen."""
        rates = (self._customers.complaint_rate, self._customers.failure_rate)
        who, time = self._happen(rates[kind - 1], start, days)
        counts[month + PAST] = np.bincount(who, minlength=self._customers.size)
        self._events.append(
            Events(
                who,
                time,
                np.full(len(who), kind, dtype=np.int8),
                np.full(len(who), -1, dtype=np.int8),
                np.full(len(who), np.nan),
            )
        )

    def _happen(
        self, rate: Floats, start: Floats, days: Floats
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return customer and time of events that come at a rate a day."""
        count = self._rng.poisson(rate * days)
        who = np.repeat(np.arange(self._customers.size), count)
        return who, start[who] + self._rng.random(len(who)) * days[who]

    def _believe(self, month: int, hazard: Floats, last: Floats) -> None:
        """Learn from a month who is still a customer."""
        offset = np.maximum(last - self._months.cuts[month], 0.0)
        seen = self._history.purchases[month + PAST]
        updated = update_belief(
            self._belief,
            seen,
            offset,
            hazard=hazard,
            rate=self._rate(month),
            length=float(self._months.lengths[month]),
        )
        old = self._customers.signup_month < month
        self._belief = np.where(old, updated, 1.0)

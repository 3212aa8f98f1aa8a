"""Raw tables as a company would export them: every cell is text."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from churn_pipeline.simulation.calendar import Months, first_of_month
from churn_pipeline.simulation.customers import GENDERS, Customers, Floats
from churn_pipeline.simulation.events import KINDS, Events, Life
from churn_pipeline.simulation.params import Simulation

DAY_SECONDS = 86400


def customers_table(
    rng: np.random.Generator, customers: Customers, params: Simulation, months: Months
) -> pa.Table:
    """Return the customers who signed up within the data, one row each."""
    columns = {
        "customer_id": customer_ids(customers),
        "signup_date": _dates(customers.signup_day),
        "segment": _names(customers.segment, list(params.segments)),
        "region": _names(customers.region, list(params.regions)),
        "channel": _names(customers.channel, list(params.channels)),
        "age": _numbers(customers.age, digits=0),
        "gender": _names(customers.gender, list(GENDERS)),
        "income": _numbers(customers.income, digits=0),
    }
    return pa.table(_with_gaps(rng, columns, params.missing))


def transactions_table(
    rng: np.random.Generator,
    customers: Customers,
    life: Life,
    params: Simulation,
    *,
    chunk: int,
) -> pa.Table:
    """Return the events in the order in which the company knew of them."""
    events = _joined(life.events)
    second = np.floor(events.time * DAY_SECONDS).astype(np.int64)
    known = second + _delay(rng, len(second), params)
    order = np.argsort(known, kind="stable")
    ids = customer_ids(customers)
    columns = {
        "transaction_id": _ids("T", chunk, len(order)),
        "customer_id": ids.take(pa.array(events.customer[order])),
        "event_time": _times(second[order]),
        "known_at": _times(known[order]),
        "kind": _names(events.kind[order], list(KINDS)),
        "product": _names(events.product[order], list(params.products)),
        "amount": _numbers(events.amount[order], digits=2),
    }
    return pa.table(_with_gaps(rng, columns, params.missing))


def contracts_table(
    rng: np.random.Generator,
    customers: Customers,
    life: Life,
    params: Simulation,
    *,
    months: Months,
    chunk: int,
) -> pa.Table:
    """Return the contract terms that ran within the data, one row each."""
    who, number = _terms(customers, life, months)
    start = _term_day(customers, params, who, number)
    end = _term_day(customers, params, who, number + 1)
    left = life.exit_day[who]
    cancelled = np.where((left > start) & (left < end), left, np.nan)
    delay = _delay(rng, len(who), params) // DAY_SECONDS
    ids = customer_ids(customers)
    columns = {
        "contract_id": _ids("K", chunk, len(who)),
        "customer_id": ids.take(pa.array(who)),
        "start_date": _dates(start),
        "end_date": _dates(end),
        "cancelled_at": _dates(cancelled),
        "known_at": _dates(start + delay),
        "plan": _names(customers.plan[who], list(params.plans)),
        "term_months": _numbers(customers.term[who].astype(np.float64), digits=0),
        "monthly_charge": _numbers(customers.charge[who], digits=2),
    }
    return pa.table(_with_gaps(rng, columns, params.missing))


def truth_table(customers: Customers, life: Life) -> pa.Table:
    """Return the true churn probabilities, one row a customer and date."""
    ids = customer_ids(customers)
    sizes = [len(truth.customer) for truth in life.truths]
    days = np.repeat([truth.day for truth in life.truths], sizes).astype(np.int32)
    who = np.concatenate([truth.customer for truth in life.truths])
    chance = np.concatenate([truth.probability for truth in life.truths])
    return pa.table(
        {
            "customer_id": ids.take(pa.array(who)),
            "observation_date": pa.array(days).cast(pa.date32()),
            "churn_probability": chance,
        }
    )


def customer_ids(customers: Customers) -> pa.Array:
    """Return the ids, text of equal length that grows with the number."""
    numbers = customers.first + np.arange(customers.size)
    return _prefixed("C", 10**8 + numbers)


def _ids(prefix: str, chunk: int, size: int) -> pa.Array:
    """Return ids that no other chunk has."""
    return _prefixed(prefix, 10**12 + chunk * 10**8 + np.arange(size))


def _prefixed(prefix: str, numbers: NDArray[np.int64]) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")


def _joined(parts: list[Events]) -> Events:
    """Return the events of all months and kinds as one."""
    return Events(
        np.concatenate([part.customer for part in parts]),
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.product for part in parts]),
        np.concatenate([part.amount for part in parts]),
    )


def _delay(
    rng: np.random.Generator, size: int, params: Simulation
) -> NDArray[np.int64]:
    """Return seconds until a row was known: 0, and for late rows up to days."""
    late = rng.random(size) < params.late_share
    delay = rng.integers(DAY_SECONDS, params.late_days * DAY_SECONDS + 1, size)
    return np.where(late, delay, 0)


def _terms(
    customers: Customers, life: Life, months: Months
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return customer and number (0 the first) of the terms within the data."""
    who = np.flatnonzero(customers.has_contract)
    term, signup = customers.term[who], customers.signup_month[who]
    # A term that ends in the first month counts: its end is seen in the data.
    first = np.maximum((-signup - 1) // term, 0)
    day = customers.day_of_month[who]
    last_month = _last_month(life.exit_day[who], day, months)
    count = np.maximum((last_month - signup) // term - first + 1, 0)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(who, count), np.repeat(first, count) + offset


def _last_month(
    exit_day: Floats, day: NDArray[np.int64], months: Months
) -> NDArray[np.int64]:
    """Return the last month in which a term could begin: the customer was there."""
    within = np.minimum(exit_day, float(months.firsts[months.count])) - day
    found: NDArray[np.int64] = np.searchsorted(months.firsts, within, side="left") - 1
    return found


def _term_day(
    customers: Customers,
    params: Simulation,
    who: NDArray[np.int64],
    number: NDArray[np.int64],
) -> Floats:
    """Return the day on which terms begin, days since 1970-01-01."""
    start = params.start.year * 12 + params.start.month - 1
    month = start + customers.signup_month[who] + number * customers.term[who]
    return (first_of_month(month) + customers.day_of_month[who]).astype(np.float64)


def _with_gaps(
    rng: np.random.Generator, columns: Mapping[str, pa.Array], shares: dict[str, float]
) -> dict[str, pa.Array]:
    """Return the columns with missing cells where a share of them is stated."""
    found = dict(columns)
    for name in columns:
        if shares.get(name):
            keep = pa.array(rng.random(len(columns[name])) >= shares[name])
            found[name] = pc.if_else(keep, columns[name], None)
    return found


def _names(codes: NDArray[np.int8], names: list[str]) -> pa.Array:
    """Return the name of each code; missing where the code is negative."""
    index = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.array(names).take(index)


def _dates(days: NDArray[np.int64] | Floats) -> pa.Array:
    """Return days since 1970-01-01 as text, missing where not finite."""
    gone = ~np.isfinite(days)
    whole = np.where(gone, 0, days).astype(np.int32)
    return pa.array(whole, mask=gone).cast(pa.date32()).cast(pa.string())


def _times(seconds: NDArray[np.int64]) -> pa.Array:
    """Return seconds since 1970-01-01 as text."""
    return pa.array(seconds).cast(pa.timestamp("s")).cast(pa.string())


def _numbers(values: Floats, *, digits: int) -> pa.Array:
    """Return numbers as text, missing where not a number."""
    gone = np.isnan(values)
    if digits == 0:
        whole = np.where(gone, 0, values).astype(np.int64)
        return pa.array(whole, mask=gone).cast(pa.string())
    return pa.array(np.round(values, digits), mask=gone).cast(pa.string())

"""The simulated company, chunk by chunk of customers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from churn_pipeline.dataset import ContractEndLabel
from churn_pipeline.simulation.calendar import Months
from churn_pipeline.simulation.customers import draw_customers
from churn_pipeline.simulation.dirt import Counts, add_dirt
from churn_pipeline.simulation.events import Company
from churn_pipeline.simulation.params import Simulation
from churn_pipeline.simulation.tables import (
    contracts_table,
    customers_table,
    transactions_table,
    truth_table,
)


@dataclass(frozen=True)
class Chunk:
    """The raw tables of some of the customers.

    Attributes:
        customers: One row a customer, and bad rows; all cells text, as in the others.
        transactions: One row an event, and bad rows.
        contracts: One row a contract term, and bad rows.
        truth: `customer_id`, `observation_date` (date32), `churn_probability`
            (float64, 0 to 1).
        dirt: Bad rows in it, by table and kind.
    """

    customers: pa.Table
    transactions: pa.Table
    contracts: pa.Table
    truth: pa.Table
    dirt: Counts


def count_chunks(params: Simulation) -> int:
    """Return how many chunks `simulate_chunks` yields."""
    return -(-params.customers // params.chunk_customers)


def simulate_chunks(
    params: Simulation, label: ContractEndLabel, *, seed: int
) -> Iterator[Chunk]:
    """Yield the company in chunks of customers.

    The same parameters and seed give the same company. Memory is bounded by
    `params.chunk_customers`.

    Args:
        params: The company.
        label: Lead time and horizon of the true churn probability.
        seed: Of everything random; each chunk has a child of it.

    Yields:
        The chunks in the order of the customers' ids.
    """
    months = Months.make(params.start, params.months)
    seeds = np.random.SeedSequence(seed).spawn(count_chunks(params))
    for number, child in enumerate(seeds):
        yield _chunk(np.random.default_rng(child), params, label, months, number)


def _chunk(
    rng: np.random.Generator,
    params: Simulation,
    label: ContractEndLabel,
    months: Months,
    number: int,
) -> Chunk:
    """Return one chunk."""
    first = number * params.chunk_customers
    size = min(params.chunk_customers, params.customers - first)
    customers = draw_customers(rng, params, months, first, size)
    life = Company(rng, customers, months, params, label).live()
    tables = {
        "customers": customers_table(rng, customers, params, months),
        "transactions": transactions_table(rng, customers, life, params, chunk=number),
        "contracts": contracts_table(
            rng, customers, life, params, months=months, chunk=number
        ),
    }
    dirty, counts = {}, {}
    for name, table in tables.items():
        kinds = params.dirt.kinds.get(name, ())
        dirty[name], counts[name] = add_dirt(rng, table, name, kinds, params.dirt.share)
    return Chunk(**dirty, truth=truth_table(customers, life), dirt=counts)

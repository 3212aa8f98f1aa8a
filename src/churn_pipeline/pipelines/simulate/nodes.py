"""The node that writes the simulated company, chunk by chunk."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator

from churn_pipeline.dataset import ContractEndLabel, Dataset
from churn_pipeline.io.stream import Part
from churn_pipeline.progress import track
from churn_pipeline.simulation.params import Simulation

logger = logging.getLogger(__name__)
Parts = dict[str, Part | dict[str, dict[str, int]]]


def simulate_company(
    simulate: Simulation, dataset: Dataset, seed: int
) -> Iterator[Parts]:
    """Yield the raw tables of the company in parts, in bounded memory.

    Args:
        simulate: The company.
        dataset: Its label: lead time and horizon of the true churn probability.
        seed: Of everything random.

    Yields:
        `customers`, `transactions`, `contracts`, `truth`: the next rows of each;
        `dirt`: bad rows so far, by table and kind.

    Raises:
        ValueError: The label rule is not contract_end.
    """
    from churn_pipeline.simulation.company import count_chunks, simulate_chunks

    if not isinstance(dataset.label, ContractEndLabel):
        raise ValueError(
            "expected the label rule contract_end for the simulated company, got "
            f"{dataset.label.rule}; run `simulate` in the base environment"
        )
    total = count_chunks(simulate)
    dirt: dict[str, Counter[str]] = {}
    chunks = simulate_chunks(simulate, dataset.label, seed=seed)
    for number, chunk in enumerate(track(chunks, "simulating", total), start=1):
        for table, kinds in chunk.dirt.items():
            dirt.setdefault(table, Counter()).update(kinds)
        first, last = number == 1, number == total
        yield {
            "customers": Part(chunk.customers, is_first=first, is_last=last),
            "transactions": Part(chunk.transactions, is_first=first, is_last=last),
            "contracts": Part(chunk.contracts, is_first=first, is_last=last),
            "truth": Part(chunk.truth, is_first=first, is_last=last),
            "dirt": {table: dict(kinds) for table, kinds in dirt.items()},
        }
    logger.info("simulated a company of %s customers", f"{simulate.customers:,}")

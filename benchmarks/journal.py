"""What the prediction log costs: `python benchmarks/journal.py [BATCHES]`.

Writes a SQLite file in a temporary folder, which holds so many batches beforehand (0).
Customers have 12 numbers and 8 categories; a batch has 10,000 of them. Processor time,
not time, so that another load on the machine matters less.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.journal.entry import BatchEntry, Entry
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from churn_pipeline.serving.journal.writer import Journal

ROWS = 10_000
AT_ONCE = 1000
MODEL = ("2026-01-01T00.00.00.000Z", "a" * 64, "champion", "0123456789abcdef", 90)


def customers() -> dict[str, list]:
    """Return made-up customers by column."""
    rng = np.random.default_rng(0)
    levels = ["Yes", "No", "Month-to-month"]
    numbers = {f"number_{i}": rng.gamma(3, 20, ROWS).round(2) for i in range(12)}
    texts = {f"category_{i}": rng.choice(levels, ROWS) for i in range(8)}
    return {name: values.tolist() for name, values in (numbers | texts).items()}


def name(i: int) -> str:
    """Return the id of a customer, in no order."""
    return f"C-{i * 7919 % 1_000_003:08d}"


def singles(columns: dict[str, list], n: int) -> list[Entry]:
    """Return answers to single customers."""
    rows = [dict(zip(columns, row)) for row in zip(*columns.values(), strict=True)]
    bodies = [json.dumps({"customer_id": name(i), **r}) for i, r in enumerate(rows)]
    return [
        Entry(
            *(f"{i:032x}", time.time_ns(), "/predict", name(i)),
            *(bodies[i % ROWS].encode(), 0.1 + i / 1e6, "call", 0.25, *MODEL),
        )
        for i in range(n)
    ]


def a_batch(columns: dict[str, list], number: int) -> BatchEntry:
    """Return the answers to a batch."""
    ids = [name(number * ROWS + i) for i in range(ROWS)]
    return BatchEntry(
        *(f"b{number:031x}", time.time_ns(), "/predict_batch", ids, columns),
        *(np.linspace(0, 1, ROWS), ["call"] * ROWS, np.full(ROWS, 0.25), *MODEL),
    )


def microseconds(work: Callable[[], object], n: int) -> float:
    """Return the processor time of some work, by n."""
    start = time.process_time()
    work()
    return (time.process_time() - start) / n * 1e6


def main(url: str, before: int) -> None:
    """Print what it costs to hand over, to write and to keep answers."""
    columns = customers()
    one, many = singles(columns, 2 * ROWS), [a_batch(columns, i) for i in range(5)]
    store = Store(connect(url), Pseudonyms())
    for number in range(before):
        store.write([a_batch(columns, 5 + number)], f"before {number}")
    held = store.database.size()

    def write_singles() -> None:
        for at in range(0, len(one), AT_ONCE):
            store.write(one[at : at + AT_ONCE], f"s{at}")

    def write_batches() -> None:
        for number, batch in enumerate(many):
            store.write([batch], f"b{number}")

    print(f"write, a single answer: {microseconds(write_singles, len(one)):.1f} us")
    store.database.tidy()
    kept = store.database.size()
    print(f"keep, a single answer: {(kept - held) / len(one):.0f} bytes")
    n_batch = ROWS * len(many)
    print(f"write, a row of a batch: {microseconds(write_batches, n_batch):.1f} us")
    store.database.tidy()
    print(f"keep, a row: {(store.database.size() - kept) / n_batch:.0f} bytes")
    store.database.close()
    journal = Journal(url, max_queued=10**9)
    start = time.perf_counter()
    for entry in one:
        journal.add((entry,))
    taken = (time.perf_counter() - start) / len(one) * 1e6
    print(f"hand over, on the path of a request: {taken:.2f} us")
    assert journal.flush(60)
    journal.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(f"sqlite:///{folder}/journal.db", int(sys.argv[1]) if sys.argv[1:] else 0)

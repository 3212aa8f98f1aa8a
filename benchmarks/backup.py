"""How long a backup and its restore take: `python -m benchmarks.backup [PREDICTIONS]`.

Of a prediction log of so many predictions (1,000,000) in a temporary folder, half of
them single answers, half rows of batches of 10,000; customers as in `journal.py`.
Models, lists and MLflow's files, of which there are none here, add what hashing and
packing them takes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from benchmarks.journal import AT_ONCE, ROWS, a_batch, customers, singles
from churn_pipeline.backup.collect import back_up
from churn_pipeline.backup.restore import restore
from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store

LOG = Path("data/09_service/telco/journal.db")


def write_log(file: Path, n: int) -> None:
    """Write a log of at least so many predictions, as the service does."""
    file.parent.mkdir(parents=True)
    columns = customers()
    one = singles(columns, ROWS)
    with closing(connect(f"sqlite:///{file}")) as database:
        store = Store(database, Pseudonyms())
        for number in range(-(-n // (2 * ROWS))):
            store.write([a_batch(columns, number)], f"batch {number}")
            named = [replace(e, request_id=f"{number}-{e.request_id}") for e in one]
            for at in range(0, ROWS, AT_ONCE):
                store.write(named[at : at + AT_ONCE], f"{number} from {at}")


def measured(what: str, work: Callable[[], object]) -> None:
    """Print how long some work takes."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    print(f"{what}: {processor:.1f} s of processor time, {wall:.1f} s")


def main(folder: Path, n: int) -> None:
    """Print what a backup and its restore take."""
    before, after = folder / "before", folder / "after"
    write_log(before / LOG, n)
    after.mkdir()
    target = folder / "backup.tar.gz"
    tell = [].append
    print(f"log of {n:,} predictions: {(before / LOG).stat().st_size / 1e6:,.0f} MB")
    measured("backup", lambda: back_up(before, target, {}, tell))
    print(f"the file: {target.stat().st_size / 1e6:,.0f} MB")
    measured("restore", lambda: restore(target, after, {}, tell))
    assert (after / LOG).stat().st_size > 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(Path(made), int(sys.argv[1]) if sys.argv[1:] else 1_000_000)

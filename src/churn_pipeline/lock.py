"""One run at a time where tables have no versions: a lock on each data set.

The kernel drops the lock with the process that holds it, however that ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from churn_pipeline.runs import FOLDER, read_records


class BusyError(RuntimeError):
    """Another run is at work on the tables of a data set."""


def acquire(project: Path, dataset: str, *, writes: bool) -> int:
    """Take the lock of a data set; runs that only read hold it together.

    Args:
        project: The project's folder.
        dataset: Name of the data set.
        writes: Whether unversioned tables are written, or only read.

    Returns:
        The open file, to close when the run is over.

    Raises:
        BusyError: Another run holds it.
    """
    folder = project / FOLDER.format(dataset=dataset)
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    kind = fcntl.LOCK_EX if writes else fcntl.LOCK_SH
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise BusyError(_who(project, dataset)) from None
    return file


@contextmanager
def alone(project: Path, dataset: str) -> Iterator[None]:
    """Keep runs of a data set away until the block ends.

    Where no run ever began there is nothing to keep them from, and nothing is made.

    Args:
        project: The project's folder.
        dataset: Name of the data set.

    Raises:
        BusyError: A run is at work, whether it needs the lock or not.
    """
    if not (project / FOLDER.format(dataset=dataset)).is_dir():
        yield
        return
    file = acquire(project, dataset, writes=True)
    try:
        if any(record.at_work for record in read_records(project, dataset)):
            raise BusyError(_who(project, dataset))
        yield
    finally:
        os.close(file)


def _who(project: Path, dataset: str) -> str:
    """Return who holds the lock, as its records tell, and what to do."""
    at_work = "; ".join(
        f"run {record.version} (process {record.pid} on {record.host}, since "
        f"{record.since})"
        for record in read_records(project, dataset)
        if record.at_work
    )
    return (
        f"expected the tables of {dataset} to be free, got a run at work on them: "
        f"{at_work or 'one that has just begun, or an erasure'}; wait until it has "
        "ended, or end it and start again; if its machine is gone, remove its record "
        f"in {FOLDER.format(dataset=dataset)}"
    )

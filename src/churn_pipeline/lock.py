"""One run at a time where tables have no versions: a lock on each data set.

The kernel drops the lock with the process that holds it, however that ends.
"""

from __future__ import annotations

import fcntl
import os
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
        f"{at_work or 'one that has just begun'}; wait until it has ended, or end it "
        "and start again"
    )

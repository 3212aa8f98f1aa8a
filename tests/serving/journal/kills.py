"""Killing a process that logs, again and again, and counting what is there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from typing import NamedTuple

from churn_pipeline.serving.journal.database import Database
from tests.conftest import ROOT

TOLD = 3
"""Lines to wait for: some seconds of load at most."""
BATCH = 500
"""Rows of a batch of `killed.py`."""


def kill_while_logging(url: str, prefix: str, processes: int = 1) -> dict[str, int]:
    """Start processes that log, kill -9 them all under load.

    Returns:
        Process -> how many of its requests were logged more than a second before.
    """
    workers = {
        f"{prefix}.{i}": subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.serving.journal.killed",
                url,
                f"{prefix}.{i}",
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(processes)
    }
    lines: dict[str, list[str]] = {name: [] for name in workers}
    for name, worker in workers.items():
        assert worker.stdout is not None
        lines[name] += [worker.stdout.readline() for _ in range(TOLD)]
    for worker in workers.values():
        worker.kill()
    for name, worker in workers.items():
        lines[name] += worker.communicate()[0].splitlines(keepends=True)
    safe = {}
    for name, said in lines.items():
        whole = [line for line in said if line.endswith("\n")]  # the kill may cut one
        safe[name] = int(whole[-1])
    return safe


class Logged(NamedTuple):
    """What a journal holds of processes that were killed.

    Attributes:
        numbers: Process -> numbers of its requests, in order.
        requests: Requests of all.
        expected: Predictions that those requests come to: one, or a batch of 500.
        predictions: Predictions that are there.
        orphans: Predictions whose request, inputs or model are not there.
    """

    numbers: dict[str, list[int]]
    requests: int
    expected: int
    predictions: int
    orphans: int

    def missing(self, safe: dict[str, int]) -> dict[str, int]:
        """Return how many of the requests that were safe are not there."""
        return {
            name: lost
            for name, number in safe.items()
            if (lost := number - len(self.numbers[name])) > 0
        }

    def with_holes(self) -> list[str]:
        """Return the processes of which a request lacks, or is there twice."""
        found = self.numbers.items()
        return [name for name, numbers in found if numbers != [*range(len(numbers))]]


def logged(database: Database, processes: Iterable[str]) -> Logged:
    """Return what a journal holds of some processes."""

    def count(what: str) -> int:
        """Return one number."""
        return int(database.run(f"SELECT count(*) FROM {what}")[0][0])  # noqa: S608

    orphans = (
        "prediction p "
        "LEFT JOIN request r ON r.id = p.request LEFT JOIN inputs i ON i.id = p.inputs "
        "LEFT JOIN model m ON m.id = p.model "
        "WHERE r.id IS NULL OR i.id IS NULL OR m.id IS NULL"
    )
    requests = count("request")
    batches = count("request WHERE endpoint = '/predict_batch'")
    return Logged(
        numbers={name: _numbers(database, name) for name in processes},
        requests=requests,
        expected=requests + (BATCH - 1) * batches,
        predictions=count("prediction"),
        orphans=count(orphans),
    )


def _numbers(database: Database, name: str) -> list[int]:
    asked = "SELECT request_id FROM request WHERE request_id LIKE ?"
    found = [row[0] for row in database.run(asked, (f"{name}-%",))]
    return sorted(int(request_id.rpartition("-")[2]) for request_id in found)

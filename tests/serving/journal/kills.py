"""Killing a process that logs, again and again, and counting what is there."""

from __future__ import annotations

import subprocess
import sys

from churn_pipeline.serving.journal.database import Database
from tests.conftest import ROOT

TOLD = 3
"""Lines to wait for: some seconds of load at most."""


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


def check_logged(database: Database, safe: dict[str, int]) -> int:
    """Check that nothing of what was safe is missing, and that counts agree."""
    total = 0
    for name, number in safe.items():
        asked = "SELECT request_id FROM request WHERE request_id LIKE ?"
        found = [row[0] for row in database.run(asked, (f"{name}-%",))]
        numbers = sorted(int(request_id.rpartition("-")[2]) for request_id in found)
        assert numbers == list(range(len(numbers)))  # no hole, none twice
        assert len(numbers) >= number > 0
        total += len(numbers)
    orphans = (
        "SELECT count(*) FROM prediction p "
        "LEFT JOIN request r ON r.id = p.request LEFT JOIN inputs i ON i.id = p.inputs "
        "LEFT JOIN model m ON m.id = p.model "
        "WHERE r.id IS NULL OR i.id IS NULL OR m.id IS NULL"
    )
    assert database.run(orphans) == [(0,)]
    batches = "SELECT count(*) FROM request WHERE endpoint = '/predict_batch'"
    rows = database.run("SELECT count(*) FROM prediction")[0][0]
    requests = database.run("SELECT count(*) FROM request")[0][0]
    assert rows == requests + 499 * database.run(batches)[0][0]
    return total

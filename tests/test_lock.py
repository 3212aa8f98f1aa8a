"""Two runs do not mix their tables: the second is told who is at work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from churn_pipeline.lock import BusyError, acquire
from tests.conftest import Project

HOLD = """
import sys
from pathlib import Path
from churn_pipeline.lock import acquire
from churn_pipeline.runs import RunRecord
acquire(Path(sys.argv[1]), "shop", writes=sys.argv[2] == "writes")
RunRecord(version="v1", dataset="shop").save(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.readline()
"""


def hold(project: Path, how: str) -> subprocess.Popen[str]:
    """Start a process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(project), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_second_run_is_told_who_is_at_work_until_that_is_killed(
    tmp_path: Path,
) -> None:
    first = hold(tmp_path, "writes")
    said = (
        rf"tables of shop to be free, got .* v1 \(process {first.pid} on .*, since 20"
    )
    for writes in (True, False):
        with pytest.raises(BusyError, match=said):
            acquire(tmp_path, "shop", writes=writes)
    os.close(acquire(tmp_path, "bank", writes=True))
    end(first)
    os.close(acquire(tmp_path, "shop", writes=True))


def test_runs_that_only_read_go_together(tmp_path: Path) -> None:
    first = hold(tmp_path, "reads")
    os.close(acquire(tmp_path, "shop", writes=False))
    with pytest.raises(BusyError, match="wait until it has ended"):
        acquire(tmp_path, "shop", writes=True)
    end(first)


def test_kedro_run_is_refused_while_another_writes(project: Project) -> None:
    command = ("run", "--env", "test", "--pipelines", "simulate")
    held = acquire(project.folder, "test", writes=True)
    refused = project.kedro(*command, check=False)
    os.close(held)
    assert refused.returncode == 1
    assert "expected the tables of test to be free" in refused.stderr
    assert "Traceback" not in refused.stderr
    project.kedro(*command)

"""A run ended by Ctrl-C says how to go on, and its record that it ended."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from churn_pipeline.runs import read_records
from tests.conftest import Project


def test_a_run_ended_by_ctrl_c_says_how_to_go_on(project: Project) -> None:
    command = ("run", "--env", "test", "--pipelines", "simulate")
    process = subprocess.Popen(
        [sys.executable, "-m", "kedro", *command],
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        records = read_records(project.folder, "test")
        if records and records[0].running:
            process.send_signal(signal.SIGINT)
            break
    said = process.communicate()[1]
    assert "stopped; go on with `kedro churn resume --env test`" in said
    assert [r.status for r in read_records(project.folder, "test")] == ["failed"]

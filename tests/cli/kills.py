"""Kedro commands that are killed on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from churn_pipeline.runs import RunRecord, read_records
from tests.conftest import Project

SECONDS = 300


def newest(project: Project) -> RunRecord:
    """Return the record of the newest run."""
    return read_records(project.folder, "test")[-1]


def kill_once(project: Project, is_time: Callable[[], bool], *command: str) -> None:
    """Start a kedro command, and kill it as soon as it is time.

    Raises:
        AssertionError: It ended before, or the time did not come.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "kedro", *command],
        cwd=project.folder,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if is_time():
            process.send_signal(signal.SIGKILL)
            process.wait()
            return
    process.kill()
    process.wait()
    raise AssertionError(
        f"it ended ({process.returncode}) before it was time: {command}"
    )

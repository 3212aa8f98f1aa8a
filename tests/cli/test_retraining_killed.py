"""A retraining that is killed goes on where it was, whatever ran since."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from churn_pipeline.runs import RunRecord, read_records
from tests.conftest import Project

MODELS = "data/06_models/test"
RETRAIN = ("run", "--env", "test", "--pipelines", "retraining")
RESUME = ("churn", "resume", "--env", "test", "--pipelines", "retraining")


@pytest.fixture
def own(trained: Project, tmp_path: Path) -> Project:
    """Return a copy of the trained project that a test may write to."""
    return trained.copy(tmp_path / "project")


def newest(project: Project) -> RunRecord:
    return read_records(project.folder, "test")[-1]


def kill_once(project: Project, is_time: Callable[[], bool], *command: str) -> None:
    """Start a kedro command, and kill it as soon as it is time."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kedro", *command],
        cwd=project.folder,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
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


def at(project: Project, node: str) -> bool:
    return newest(project).running == f"retraining.{node}"


def test_a_killed_retraining_reads_its_own_rows_though_newer_ones_were_made(
    own: Project,
) -> None:
    command = (*RETRAIN, "--params", "monitoring.reason=tariff")
    kill_once(own, lambda: at(own, "tune_net_again"), *command)
    version = newest(own).version
    refused = own.kedro(*RETRAIN, check=False)
    assert refused.returncode == 1
    assert "`kedro churn resume --pipelines retraining`" in refused.stderr
    own.kedro("run", "--env", "test", "--pipelines", "feature_engineering")
    assert newest(own).version > version
    own.kedro(*RESUME)
    records = {r.version: r for r in read_records(own.folder, "test")}
    assert records[version].status == "done"
    assert records[version].loads["model_input"] == version
    manifests = own.folder / MODELS / "artifact" / version / "artifact/manifest.json"
    assert json.loads(manifests.read_text("utf-8"))["version"] == version

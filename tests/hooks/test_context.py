"""MLflow's pages are there for who asks for them, and for nobody else."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Project


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def page(project: Project) -> Iterator[str]:
    """Start `kedro mlflow ui` as `make mlflow` does, and return its address."""
    port = free_port()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("kedro"), "mlflow", "ui", "--port", str(port)],
        cwd=project.folder,
        env=os.environ | {"PATH": "/usr/bin:/bin"},  # no environment is activated
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        wait_for(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
        else:
            assert process.stderr is not None
            raise AssertionError(f"it ended: {process.stderr.read().decode()[-2000:]}")
    raise AssertionError("nothing listens after two minutes")


def test_kedro_mlflow_ui_shows_the_experiment_of_the_data_set(page: str) -> None:
    with urllib.request.urlopen(page, timeout=60) as answer:  # noqa: S310
        assert b"<title>MLflow</title>" in answer.read()
    asked = f"{page}/api/2.0/mlflow/experiments/get-by-name?experiment_name=company"
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
        assert json.load(answer)["experiment"]["name"] == "company"

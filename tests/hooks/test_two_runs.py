"""Two runs of one Python process, as in a notebook, are two runs in MLflow."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.conftest import Project

TWICE = """
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from pathlib import Path

bootstrap_project(Path.cwd())
for seed in (1, 2):
    with KedroSession.create(env="test", runtime_params={"seed": seed}) as session:
        session.run(
            pipeline_names=["training"], node_names=["training.plot_tuning"]
        )
import mlflow
assert mlflow.active_run() is None
"""


def test_each_of_two_runs_in_one_process_has_a_run_of_its_own(
    trained: Project, tmp_path: Path
) -> None:
    own = trained.copy(tmp_path / "project")
    before = finished(own)
    done = subprocess.run(
        [sys.executable, "-c", TWICE],
        cwd=own.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert finished(own) == before + 2


def finished(project: Project) -> int:
    """Return the number of finished MLflow runs."""
    with sqlite3.connect(project.folder / "mlflow.db") as store:
        query = "select count(*) from runs where status = 'FINISHED'"
        return int(store.execute(query).fetchone()[0])

"""Each process has a folder of its own for what does not fit in memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from churn_pipeline import processes
from churn_pipeline.spill import spill_folder
from tests.conftest import Project

SPILL = """
import sys
import ibis
from kedro.framework.project import settings, configure_project
from kedro.config import OmegaConfigLoader
configure_project("churn_pipeline")
loader = OmegaConfigLoader("conf", env="test", **settings.CONFIG_LOADER_ARGS)
asked = loader["globals"]["duckdb"] | {"memory_limit": "120MB", "threads": 1}
assert asked.pop("backend") == "duckdb"
con = ibis.duckdb.connect(**asked)
rows = f"select hash(range + {sys.argv[1]}) h, repeat('x', 40) s from range(3000000)"
con.raw_sql(f"create temp table t as {rows}")
print(asked["temp_directory"], flush=True)
sys.stdin.readline()
for _ in range(2):
    found = con.raw_sql("select count(*), max(h) from (from t order by h)").fetchone()
print(found[0])
"""


def spilling(project: Project, number: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SPILL, str(number)],
        cwd=project.folder,
        env=os.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_spill_at_the_same_time_and_leave_nothing(
    project: Project,
) -> None:
    both = [spilling(project, n) for n in (1, 2)]
    folders = [Path(process.stdout.readline().strip()) for process in both]  # type: ignore[union-attr]
    assert len(set(folders)) == 2
    assert all(folder.is_dir() for folder in folders)
    for process in both:  # both go on only now, so that they do overlap
        process.stdin.write("\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
    assert [process.communicate()[0] for process in both] == ["3000000\n"] * 2
    assert [process.returncode for process in both] == [0, 0]
    left = (project.folder / "data/02_intermediate").iterdir()
    assert [path.name for path in left] == []


def test_what_a_killed_process_left_goes_at_the_next_start(project: Project) -> None:
    killed = spilling(project, 1)
    folder = Path(killed.stdout.readline().strip())  # type: ignore[union-attr]
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert folder.is_dir()
    project.kedro("catalog", "describe-datasets", "--env", "test")
    assert not folder.exists()


def test_a_living_process_and_another_machine_keep_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    began = f"{processes.born():.0f}"
    kept = [f"elsewhere-1-{began}", processes.name(), "of a person"]
    ended = f"{processes.host()}-{os.getpid()}-1"
    for process in (*kept, ended):
        (tmp_path / f".duckdb-{process}").mkdir()
    own = spill_folder(".duckdb")
    assert own == str(tmp_path / f".duckdb-{processes.name()}")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == sorted(f".duckdb-{process}" for process in kept)

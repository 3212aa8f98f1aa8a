"""What several tests share: a project in a folder of its own, trained once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from churn_pipeline.telemetry import switch_off

switch_off()
ROOT = Path(__file__).parents[1]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail where a test was skipped and none may be (CHURN_FAIL_ON_SKIP)."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("CHURN_FAIL_ON_SKIP") and not exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class Project:
    """A copy of the project's configuration in which commands are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def new(cls, folder: Path) -> Project:
        """Return a project without data."""
        own = shutil.ignore_patterns("local", ".ipynb_checkpoints")
        for name in ("conf", "notebooks"):
            shutil.copytree(ROOT / name, folder / name, ignore=own)
        for name in ("pyproject.toml", ".telemetry", "bentofile.yaml"):
            shutil.copy(ROOT / name, folder / name)
        for name in ("conf/local", "logs", "src"):  # the package is installed
            (folder / name).mkdir()
        for layer in (ROOT / "data").iterdir():
            (folder / "data" / layer.name).mkdir(parents=True)
        return cls(folder)

    def copy(self, folder: Path) -> Project:
        """Return a copy, with all that was run in it, for a test that writes."""
        shutil.copytree(self.folder, folder)
        return Project(folder)

    def kedro(
        self, *args: str, check: bool = True, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a kedro command as a user would, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "kedro", *args],
            cwd=self.folder,
            env=os.environ | env,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            log = self.folder / "logs" / "run.log"
            tail = log.read_text("utf-8")[-4000:] if log.is_file() else ""
            raise AssertionError(
                f"kedro {' '.join(args)} -> {done.returncode}\n"
                f"{done.stdout}\n{done.stderr}\n{tail}"
            )
        return done


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a fresh project without data."""
    return Project.new(tmp_path / "project")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project in which the main job ran once, in the test environment.

    Tests read from it; one that writes makes its own copy.
    """
    made = Project.new(tmp_path_factory.mktemp("trained") / "project")
    made.kedro("run", "--env", "test", "--pipelines", "simulate,__default__")
    return made

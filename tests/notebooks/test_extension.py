"""The IPython extension that puts the project into a kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Project

TWICE = """
from IPython.testing.globalipapp import start_ipython
shell = start_ipython()
for _ in range(2):
    shell.run_line_magic("reload_ext", "churn_pipeline.notebook")
found = shell.user_ns
print(sorted(n for n in ("catalog", "context", "pipelines") if n in found))
print(found["context"].env, "champion" in found["catalog"])
"""

KEDRO_KERNEL = """
from IPython.testing.globalipapp import start_ipython
shell = start_ipython()
shell.run_line_magic("load_ext", "kedro.ipython")
print(type(shell.user_ns["catalog"].load("champion")).__name__)
"""


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Return what Python code printed in a folder."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_gives_the_project_quietly_however_often(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEDRO_ENV", "test")
    monkeypatch.setenv("IPYTHONDIR", str(project.folder / "ipython"))
    done = run(TWICE, project.folder / "notebooks")
    assert done.stdout.splitlines() == [
        "['catalog', 'context', 'pipelines']",
        "test True",
    ], done.stderr


def test_a_kernel_of_kedro_in_a_folder_below_finds_the_champion(
    trained: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEDRO_ENV", "test")
    monkeypatch.setenv("IPYTHONDIR", str(trained.folder / "ipython"))
    done = run(KEDRO_KERNEL, trained.folder / "notebooks")
    assert done.stdout.splitlines()[-1] == "Artifact", done.stderr


def test_outside_of_the_project_it_says_where_notebooks_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from churn_pipeline import notebook

    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="inside of the project, got one in"):
        notebook.load_ipython_extension(None)

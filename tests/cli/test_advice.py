"""What to type next works in the shell at hand."""

import sys

import pytest

from churn_pipeline.cli.advice import activation


@pytest.fixture
def project(tmp_path, monkeypatch):
    scripts = tmp_path / ".venv/bin"
    scripts.mkdir(parents=True)
    for name in ("activate", "kedro"):
        (scripts / name).touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return tmp_path


def test_a_shell_that_does_not_know_kedro_is_told_to_activate(project):
    assert activation() == "source .venv/bin/activate"


def test_a_shell_with_another_kedro_is_told_to_activate(project, monkeypatch):
    other = project / "other"
    other.mkdir()
    (other / "kedro").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(other))
    assert activation() == "source .venv/bin/activate"


def test_an_activated_shell_is_told_nothing(project, monkeypatch):
    monkeypatch.setenv("PATH", f"{project}/.venv/bin:/usr/bin")
    assert activation() is None


def test_from_another_folder_the_whole_path_is_named(project, monkeypatch):
    (project / "docs").mkdir()
    monkeypatch.chdir(project / "docs")
    assert activation() == f"source {project}/.venv/bin/activate"


def test_without_a_virtual_environment_there_is_nothing_to_activate(project):
    (project / ".venv/bin/activate").unlink()
    assert activation() is None

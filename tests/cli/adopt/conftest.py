"""Each test has a project of its own, without data, and is in its folder."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a project; the test is in it."""
    (tmp_path / "pyproject.toml").write_text("[tool.kedro]\n")
    (tmp_path / "conf/base").mkdir(parents=True)
    shutil.copy(ROOT / "conf/base/parameters_decision.yml", tmp_path / "conf/base")
    monkeypatch.chdir(tmp_path)
    return tmp_path

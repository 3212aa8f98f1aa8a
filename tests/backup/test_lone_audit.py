"""A folder that has an audit log alone is no service: backup and restore know it."""

import json
from pathlib import Path

import pytest

from churn_pipeline.backup.archive import BackupError
from churn_pipeline.backup.collect import back_up
from churn_pipeline.backup.restore import restore
from churn_pipeline.serving.access.audit import Audit
from churn_pipeline.serving.place import AUDIT, KEYS
from tests.serving.apps import two_models

SERVICE = Path("data/09_service/tiny")


def _nobody(part):
    """Hear of a part that is begun."""


def _forget(project, reason):
    """Write down what `kedro churn forget` did."""
    told = {"address": "", "agent": "", "reason": reason}
    Audit(project / SERVICE).write("customer_forgotten", caller=None, **told)


def _reasons(project):
    lines = (project / SERVICE / AUDIT).read_text("utf-8").splitlines()
    return [json.loads(line)["reason"] for line in lines]


@pytest.fixture
def backup(tmp_path):
    """Make a backup of a project where a service ran, and a customer was erased."""
    project = tmp_path / "project"
    models = project / "data/06_models/tiny"
    two_models(models.parent).folder.rename(models)
    _forget(project, "in the project")
    (project / SERVICE / KEYS).write_text("{}")
    file = tmp_path / "churn.tar.gz"
    back_up(project, file, {}, _nobody)
    return file


@pytest.fixture
def clone(tmp_path):
    """Make a clone of the project in which a customer was erased."""
    made = tmp_path / "clone"
    _forget(made, "in the clone")
    return made


def test_there_is_nothing_to_back_up_after_an_erasure_alone(clone, tmp_path):
    with pytest.raises(BackupError, match=r"expected models in .*, found none"):
        back_up(clone, tmp_path / "none.tar.gz", {}, _nobody)


def test_a_service_is_restored_and_the_lines_of_before_stay(backup, clone):
    restore(backup, clone, {}, _nobody)
    assert _reasons(clone) == ["in the project", "in the clone"]
    assert (clone / SERVICE / AUDIT).stat().st_mode & 0o077 == 0
    assert [path.name for path in (clone / SERVICE.parent).iterdir()] == ["tiny"]
    assert (clone / SERVICE / KEYS).is_file()


def test_where_the_restore_fails_the_lines_of_before_are_there(backup, clone):
    (clone / "data/06_models").write_text("no folder")
    with pytest.raises(OSError, match="06_models"):
        restore(backup, clone, {}, _nobody)
    assert _reasons(clone) == ["in the clone"]
    assert [path.name for path in (clone / SERVICE).iterdir()] == [AUDIT]


def test_a_service_that_is_there_is_not_overwritten(backup, clone):
    (clone / SERVICE / KEYS).write_text("{}")
    with pytest.raises(BackupError, match="expected nothing in the places"):
        restore(backup, clone, {}, _nobody)

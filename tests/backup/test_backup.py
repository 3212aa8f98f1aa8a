"""A project is backed up while its service answers, and restored elsewhere."""

from __future__ import annotations

import io
import re
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from churn_pipeline.backup.archive import BackupError
from churn_pipeline.backup.collect import back_up
from churn_pipeline.backup.restore import restore
from churn_pipeline.cli import backup as commands
from churn_pipeline.cli import churn
from churn_pipeline.io.versions import AllVersions
from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.app import App
from churn_pipeline.serving.assemble import put_together
from churn_pipeline.serving.control_group import CAMPAIGN, newest_group
from churn_pipeline.serving.place import KEYS
from churn_pipeline.serving.predictor import Predictor
from tests.serving.apps import client_of, two_models

GOOD = {"tenure_months": 3, "monthly_charge": 20.5, "plan": "basic"}
MODELS, SERVICE = Path("data/06_models/tiny"), Path("data/09_service/tiny")
OUTPUTS = Path("data/07_model_output/tiny")


def nobody(part: str) -> None:
    """Hear of a part that is begun."""


@pytest.fixture
def project(tmp_path):
    """A project with a champion, another model, and MLflow's records."""
    made = tmp_path / "project"
    two_models(made / MODELS.parent).folder.rename(made / MODELS)
    with closing(sqlite3.connect(made / "mlflow.db")) as records, records:
        records.execute("CREATE TABLE runs (artifact_uri TEXT)")
        records.execute("INSERT INTO runs VALUES (?)", (f"{made}/mlruns/1/a",))
    (made / "mlruns/1/a").mkdir(parents=True)
    (made / "mlruns/1/a/figure.json").write_text("{}")
    return made


@pytest.fixture
def target(tmp_path):
    return tmp_path / "backups" / "churn.tar.gz"


def serving(project: Path) -> App:
    """Return the service of a project's champion."""
    from churn_pipeline.release.store import ModelStore

    store = ModelStore(project / MODELS)
    model = Predictor(store.champion())
    return App(put_together(model, store, project / SERVICE, {}))


def answered(app: App, key: str, times: int) -> list[float]:
    """Return the probabilities of so many requests."""
    client = client_of(app)
    sent = [
        client.post("/predict", json=GOOD, headers={"X-API-Key": key})
        for _ in range(times)
    ]
    return [answer.json()["churn_probability"] for answer in sent]


def test_a_service_restored_elsewhere_knows_its_keys_and_answers_the_same(
    project, target, tmp_path
):
    app = serving(project)
    key = add_key(project / SERVICE / KEYS, "desk", Role.PREDICT)
    app.parts.access.refresh()
    before = answered(app, key, 3)
    assert app.parts.journal.flush(10)
    held = back_up(project, target, {}, nobody)
    answered(app, key, 2)  # it goes on, and what comes now is not in the backup
    app.parts.close()
    assert (held.champions, held.predictions) == ({"tiny": "v1"}, {"tiny": 3})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    restore(target, elsewhere, {}, nobody)
    restored = serving(elsewhere)
    assert answered(restored, key, 1) == before[:1]
    assert restored.parts.journal.flush(10)
    restored.parts.close()
    with closing(sqlite3.connect(elsewhere / SERVICE / "journal.db")) as log:
        assert log.execute("SELECT count(*) FROM prediction").fetchone() == (4,)
        assert log.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with closing(sqlite3.connect(elsewhere / "mlflow.db")) as records:
        named = records.execute("SELECT artifact_uri FROM runs").fetchone()
    assert named == (f"{elsewhere}/mlruns/1/a",)
    assert (elsewhere / "mlruns/1/a/figure.json").is_file()


def test_only_what_there_is_is_named(project, target):
    (project / MODELS.parent / "company").mkdir()
    (project / SERVICE.parent / "company").mkdir(parents=True)
    told = []
    back_up(project, target, {}, told.append)
    assert told == ["models of tiny", "MLflow", "the file"]


def test_folders_without_anything_in_them_are_no_models(tmp_path, target):
    (tmp_path / MODELS).mkdir(parents=True)
    with pytest.raises(BackupError, match=r"expected models in .*, found none"):
        back_up(tmp_path, target, {}, nobody)


def leave_list(project: Path, version: str, customers: list[str]) -> Path:
    """Write a list of who is called and who is kept aside, as scoring does."""
    name = "call_assignments.parquet"
    file = project / OUTPUTS / name / version / name
    file.parent.mkdir(parents=True)
    arms = ["call", "control"][: len(customers)]
    pd.DataFrame({"customer_id": customers, "arm": arms}).to_parquet(file)
    return file


def test_who_was_called_and_who_was_kept_aside_is_known_after_a_restore(
    project, target, tmp_path
):
    leave_list(project, "2026-01", ["a", "b"])
    leave_list(project, "2026-02", ["c"])
    torn = leave_list(project, "2026-03", ["d"])  # a run is writing it
    torn.write_bytes(torn.read_bytes()[:-20])
    (project / OUTPUTS / "churn_scores.csv").write_text("made again by a run")
    held = back_up(project, target, {}, nobody)
    assert held.lists == {"tiny": 2}
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / OUTPUTS).mkdir(parents=True)  # a run was there, and listed nobody
    assert restore(target, elsewhere, {}, nobody).lists == {"tiny": 2}
    lists = AllVersions(path=str(elsewhere / OUTPUTS / "call_assignments.parquet"))
    found = lists.load()
    assert found["customer_id"].tolist() == ["a", "b", "c"]
    assert found["arm"].tolist() == ["call", "control", "call"]
    assert [path.name for path in (elsewhere / OUTPUTS).iterdir()] == [
        "call_assignments.parquet"
    ]


def test_a_restored_service_keeps_aside_whom_it_did(project, target, tmp_path):
    leave_list(project, "2026-01", ["a"])
    campaign = project / OUTPUTS / CAMPAIGN / "2026-01" / CAMPAIGN
    campaign.parent.mkdir(parents=True)
    campaign.write_text('{"name": "spring", "control_share": 0.5}')
    back_up(project, target, {}, nobody)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    restore(target, elsewhere, {}, nobody)
    assert newest_group(elsewhere / OUTPUTS).campaign == "spring"


def test_lists_kept_in_another_folder_are_backed_up_and_put_there(
    project, target, tmp_path
):
    leave_list(project, "2026-01", ["a"])
    (project / OUTPUTS.parent).rename(tmp_path / "lists")
    held = back_up(
        project, target, {"CHURN_OUTPUT_DIR": str(tmp_path / "lists")}, nobody
    )
    assert held.lists == {"tiny": 1}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    restore(target, elsewhere, {"CHURN_OUTPUT_DIR": str(tmp_path / "other")}, nobody)
    restored = tmp_path / "other/tiny/call_assignments.parquet/2026-01"
    assert (restored / "call_assignments.parquet").is_file()


def test_lists_that_are_there_are_not_overwritten(project, target, tmp_path):
    leave_list(project, "2026-01", ["a"])
    back_up(project, target, {}, nobody)
    elsewhere = tmp_path / "elsewhere"
    kept = leave_list(elsewhere, "2026-02", ["b"])
    with pytest.raises(BackupError, match=r"got .*call_assignments\.parquet"):
        restore(target, elsewhere, {}, nobody)
    assert pd.read_parquet(kept)["customer_id"].tolist() == ["b"]
    assert not (elsewhere / MODELS).exists()


def test_lines_that_are_being_written_are_left_out(project, target, tmp_path):
    (project / SERVICE).mkdir(parents=True)
    (project / SERVICE / "audit.jsonl").write_text('{"a": 1}\n{"b"')
    back_up(project, target, {}, nobody)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    restore(target, elsewhere, {}, nobody)
    assert (elsewhere / SERVICE / "audit.jsonl").read_text() == '{"a": 1}\n'


def test_what_is_there_is_not_overwritten(project, target):
    back_up(project, target, {}, nobody)
    with pytest.raises(BackupError, match="expected nothing in the places"):
        restore(target, project, {}, nobody)
    with pytest.raises(BackupError, match="expected a new file"):
        back_up(project, target, {}, nobody)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda whole: whole[: len(whole) // 2], "expected a backup made by"),
        (lambda whole: b"other", "expected a backup made by"),
        (lambda whole: _with_model(whole, b"another model"), "altered, missing"),
    ],
)
def test_a_backup_that_is_not_whole_changes_nothing(
    project, target, tmp_path, change, told
):
    back_up(project, target, {}, nobody)
    target.write_bytes(change(target.read_bytes()))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(BackupError, match=told):
        restore(target, elsewhere, {}, nobody)
    assert list(elsewhere.iterdir()) == []


def test_nobody_else_can_read_a_backup(project, target):
    back_up(project, target, {}, nobody)
    assert target.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["../outside", "/outside", "models/../../x"])
def test_an_archive_writes_nothing_outside_of_its_folder(tmp_path, name):
    made = tmp_path / "made.tar.gz"
    with tarfile.open(made, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo(name))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(BackupError, match="is no file of a backup"):
        restore(made, elsewhere, {}, nobody)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "elsewhere",
        "made.tar.gz",
    ]


def _with_model(whole: bytes, content: bytes) -> bytes:
    """Return an archive whose models are other bytes."""
    changed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(whole)) as before,
        tarfile.open(fileobj=changed, mode="w:gz") as after,
    ):
        for member in before:
            file = before.extractfile(member)
            written = file.read() if file else b""
            if member.name.endswith("model.onnx"):
                written = content
            member.size = len(written)
            after.addfile(member, io.BytesIO(written))
    return changed.getvalue()


def test_where_one_part_cannot_be_placed_none_is(project, target, tmp_path):
    back_up(project, target, {}, nobody)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "data").mkdir(parents=True)
    (elsewhere / "mlruns").symlink_to(tmp_path / "nowhere")  # seen as free, yet taken
    with pytest.raises(OSError, match="mlruns"):
        restore(target, elsewhere, {}, nobody)
    assert not (elsewhere / MODELS).exists()


def test_what_is_kept_elsewhere_is_named(project, target, monkeypatch):
    monkeypatch.setattr(commands, "project_folder", lambda: project)
    leave_list(project, "2026-01", ["a"])
    kept = {"CHURN_JOURNAL": "postgresql://ann:secret@db/churn", "COLUMNS": "200"}
    done = CliRunner().invoke(churn, ["backup", str(target)], env=kept)
    assert "not in it" in done.output
    assert "prediction log and feedback, at postgresql://ann" in done.output
    assert re.search(r"call lists +tiny 1\b", done.output)
    assert "secret" not in done.output


def test_a_folder_without_models_is_no_project(tmp_path, target):
    with pytest.raises(BackupError, match=r"expected models in"):
        back_up(tmp_path, target, {}, nobody)
    assert not target.exists()

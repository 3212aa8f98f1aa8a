"""A killed run goes on, a past model is rebuilt, old versions go: on a real run."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.kills import kill_once, newest
from tests.conftest import Project


@pytest.fixture
def own(trained: Project, tmp_path: Path) -> Project:
    """Return a copy of the trained project that a test may write to."""
    return trained.copy(tmp_path / "project")


def test_a_killed_run_goes_on_under_its_version(own: Project) -> None:
    before = newest(own).version

    def trains() -> bool:
        record = newest(own)
        at_work = record.running == "training.train_candidates"
        return at_work and record.version != before

    kill_once(own, trains, "run", "--env", "test", "--pipelines", "training")
    killed = newest(own)
    assert killed.interrupted
    own.kedro("churn", "resume", "--env", "test")
    resumed = newest(own)
    assert resumed.version == killed.version
    assert resumed.status == "done"
    assert len(resumed.done) == len(set(resumed.done))  # nothing was done twice
    assert set(killed.done) < set(resumed.done)
    artifacts = own.folder / "data/06_models/test/artifact"
    assert (artifacts / killed.version).is_dir()
    with sqlite3.connect(own.folder / "mlflow.db") as store:
        runs = store.execute(
            "select status from runs where name = ?", [killed.version]
        ).fetchall()
    assert runs == [("FINISHED",)]


def test_a_run_that_failed_while_saving_saves_again(own: Project) -> None:
    scores = own.folder / "data/07_model_output/test/churn_scores.parquet"
    shutil.rmtree(scores)
    scores.touch()  # a file where a folder is needed: nothing can be saved
    own.kedro("run", "--env", "test", "--pipelines", "scoring", check=False)
    failed = newest(own)
    assert (failed.status, failed.running) == ("failed", "scoring.score_customers")
    assert "score_customers" not in failed.done
    scores.unlink()
    own.kedro("churn", "resume", "--env", "test")
    assert [path.name for path in scores.iterdir()] == [failed.version]
    assert newest(own).status == "done"


def test_a_node_that_runs_again_writes_its_version_again(own: Project) -> None:
    customers = own.folder / "data/03_primary/test/customers.parquet"
    customers.unlink()
    customers.mkdir()  # a folder where a file is needed: nothing can be saved
    command = ("run", "--env", "test", "--pipelines", "data_validation")
    own.kedro(*command, check=False)
    failed = newest(own)
    assert failed.running == "data_validation.accept_tables"
    assert "data_validation.report_data_quality" in failed.done  # kept in memory only
    customers.rmdir()
    own.kedro("churn", "resume", "--env", "test")
    assert (newest(own).version, newest(own).status) == (failed.version, "done")


def test_a_past_model_is_rebuilt_from_its_data_to_the_byte(own: Project) -> None:
    first = newest(own).version
    loads = f"model_input:{first},feature_set:{first}"
    own.kedro("run", "--env", "test", "--pipelines", "training", "-lv", loads)
    again = newest(own).version
    folder = own.folder / "data/06_models/test/artifact"
    files = [
        json.loads((folder / version / "artifact/manifest.json").read_text("utf-8"))
        for version in (first, again)
    ]
    assert first != again
    assert files[0]["files"] == files[1]["files"]
    assert files[0]["hashes"] == files[1]["hashes"]


def test_gc_keeps_what_the_champion_was_made_of(own: Project) -> None:
    champion = newest(own).version
    for _ in range(2):
        own.kedro("run", "--env", "test", "--pipelines", "feature_engineering")
    versions = own.folder / "data/05_model_input/test/model_input.parquet"
    assert len(list(versions.iterdir())) == 3
    said = own.kedro("churn", "gc", "--env", "test", "--keep", "1").stdout
    left = sorted(path.name for path in versions.iterdir())
    assert left == [champion, newest(own).version]
    assert "model_input" in said
    own.kedro("run", "--env", "test", "--pipelines", "scoring")

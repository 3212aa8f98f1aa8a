"""A retraining that is killed again and again ends as one that was left alone."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from churn_pipeline.release.ledger import Ledger
from churn_pipeline.runs import read_records
from churn_pipeline.serving.rollout.state import Rollout
from tests.cli.kills import kill_once, newest
from tests.conftest import Project

MODELS = "data/06_models/test"
ROLLOUT = "data/09_service/test/rollout.json"
BETTER = {  # than the champion of the tests, which is made in seconds
    "training.boosting.max_trees": "150",
    "evaluation.confidence": "0.05",
}
PARAMS = {
    **BETTER,
    "monitoring.reason": "new tariff",
    "release.policy": "canary",
    "training.tuning.n_trials": "6",
    "training.tuning.at_once": "2",
}
OF_CHAMPION = {
    "learning_rate": 0.0077,
    "weight_decay": 0.123,
    "dropout": 0.31,
    "teacher": 0.42,
}
RETRAIN = ("run", "--env", "test", "--pipelines", "retraining")
RESUME = ("churn", "resume", "--env", "test", "--pipelines", "retraining")


class Trial(NamedTuple):
    """A finished trial: its number, and when and how it ended."""

    number: int
    ended: str
    state: str


@pytest.fixture
def own(trained: Project, tmp_path: Path) -> Project:
    """Return a copy of the trained project that a test may write to."""
    return trained.copy(tmp_path / "project")


def trials(project: Project) -> list[Trial]:
    """Return the finished trials of the newest study."""
    with closing(sqlite3.connect(project.folder / MODELS / "tuning.db")) as store:
        found = store.execute(
            "select number, datetime_complete, state from trials where study_id = "
            "(select max(study_id) from studies) and state in ('COMPLETE', 'PRUNED') "
            "order by number"
        ).fetchall()
    return [Trial(*row) for row in found]


def studies(project: Project) -> int:
    """Return how many studies there are."""
    with closing(sqlite3.connect(project.folder / MODELS / "tuning.db")) as store:
        (count,) = store.execute("select count(*) from studies").fetchone()
    return int(count)


def verdicts(project: Project, version: str) -> list[str]:
    """Return what the ledger says of a version."""
    entries = Ledger(project.folder / MODELS / "ledger.jsonl").read()
    return [entry.action for entry in entries if entry.version == version]


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep others waiting for the right to change the rollout."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def written(project: Project, version: str) -> dict[Path, int]:
    """Return when each file of a version was written."""
    return {
        path: path.stat().st_mtime_ns
        for layer in ("04_feature", "05_model_input", "06_models")
        for path in (project.folder / "data" / layer / "test").glob(f"*/{version}/*")
        if path.is_file()
    }


def settings(project: Project, version: str) -> Path:
    """Return the file of the net's settings that a study found."""
    return project.folder / MODELS / "net_settings.json" / version / "net_settings.json"


def first_trial(project: Project) -> dict[str, float]:
    """Return what the first trial of the newest study tried."""
    with closing(sqlite3.connect(project.folder / MODELS / "tuning.db")) as store:
        return dict(
            store.execute(
                "select param_name, param_value from trial_params join trials using "
                "(trial_id) where number = 0 and study_id = "
                "(select max(study_id) from studies)"
            ).fetchall()
        )


def at(project: Project, node: str) -> bool:
    return newest(project).running == f"retraining.{node}"


def test_a_retraining_killed_three_times_repeats_nothing_and_releases_once(
    own: Project,
) -> None:
    champion = newest(own).version
    found = json.loads(settings(own, champion).read_text("utf-8"))
    settings(own, champion).write_text(json.dumps({**found, **OF_CHAMPION}))
    given = ",".join(f"{name}={value}" for name, value in PARAMS.items())

    before = studies(own)

    def two_trials_of_it() -> bool:
        return studies(own) > before and 2 <= len(trials(own)) < 6

    kill_once(own, two_trials_of_it, *RETRAIN, "--params", given)
    version = newest(own).version
    assert version != champion
    tried, files = trials(own), written(own, version)
    assert first_trial(own) == OF_CHAMPION

    kill_once(own, lambda: at(own, "propose_release"), *RESUME)
    assert trials(own)[: len(tried)] == tried
    # One that the kill broke off keeps its number and counts for none.
    assert len({trial.number for trial in trials(own)}) == 6
    judged = newest(own)
    assert "retraining.decide_gate" in judged.done
    assert verdicts(own, version) == []

    with held(own.folder / ROLLOUT):
        kill_once(own, lambda: verdicts(own, version) == ["register"], *RESUME)
    assert Rollout(own.folder / ROLLOUT).state.challenger is None

    own.kedro(*RESUME)
    done = newest(own)
    assert (done.version, done.status) == (version, "done")
    assert len(done.done) == len(set(done.done))
    assert written(own, version).items() >= files.items()
    assert len(trials(own)) == 6
    assert verdicts(own, version) == ["register"]
    rollout = Rollout(own.folder / ROLLOUT)
    assert (rollout.state.challenger, rollout.state.percentage) == (version, 1)
    assert len(rollout.ledger.read()) == 1
    assert registered(own, version) == 1
    again = own.kedro(*RESUME, check=False)
    assert again.returncode == 1
    assert f"the last one, {version}, is done" in again.stderr


def registered(project: Project, version: str) -> int:
    """Return how often MLflow has a version."""
    with closing(sqlite3.connect(project.folder / "mlflow.db")) as store:
        (count,) = store.execute(
            "select count(*) from model_version_tags where key = 'version' and "
            "value = ?",
            [version],
        ).fetchone()
    return int(count)


def test_a_killed_retraining_reads_its_own_rows_though_newer_ones_were_made(
    own: Project,
) -> None:
    command = (*RETRAIN, "--params", "monitoring.reason=tariff")
    kill_once(own, lambda: at(own, "tune_net_again"), *command)
    version = newest(own).version
    refused = own.kedro(*RETRAIN, check=False)
    assert refused.returncode == 1
    assert "`kedro churn resume --pipelines retraining --env test`" in refused.stderr
    own.kedro("run", "--env", "test", "--pipelines", "feature_engineering")
    assert newest(own).version > version
    own.kedro(*RESUME)
    records = {r.version: r for r in read_records(own.folder, "test")}
    assert records[version].status == "done"
    assert records[version].loads["model_input"] == version
    manifests = own.folder / MODELS / "artifact" / version / "artifact/manifest.json"
    assert json.loads(manifests.read_text("utf-8"))["version"] == version

"""One Optuna study in PostgreSQL: shared by processes, carried on after a kill."""

from __future__ import annotations

import json
import subprocess
import sys

import optuna
import pytest

from churn_pipeline.models.settings import TuningSettings
from churn_pipeline.models.tuning import tune_net
from tests.conftest import ROOT
from tests.models.company import (
    QUICK_FIT,
    QUICK_TREES,
    SMALL_NET,
    encode,
    learn,
    made_up,
)
from tests.postgres.conftest import Server

pytestmark = pytest.mark.postgres


def study(storage: str, n_trials: int, progress=None) -> list[dict]:
    """Carry the study on up to a number of trials; return the trials."""
    table, label = made_up(400)
    vocabulary = learn(table)
    rows = encode(table, label, vocabulary)
    tuned = tune_net(
        rows,
        vocabulary.sizes,
        SMALL_NET,
        fit=QUICK_FIT,
        boosting=QUICK_TREES,
        tuning=TuningSettings(
            n_trials=n_trials,
            storage=storage,
            members=2,
            at_once=1,
            startup_trials=2,
        ),
        study_name="study",
        seed=0,
        progress=progress,
    )
    return tuned.trials


def start_worker(storage: str, n_trials: int) -> subprocess.Popen[str]:
    """Start a process that works on the study, telling each finished trial."""
    code = (
        "import sys\n"
        "from tests.postgres.test_study import study\n"
        f"study({storage!r}, {n_trials}, lambda n, _: print(n, flush=True))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def trials(storage: str) -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name="study", storage=storage).trials


def test_two_processes_share_one_study(postgres: Server) -> None:
    storage = postgres.new_database("shared")
    study(storage, 0)  # made once, before the workers start
    workers = [start_worker(storage, 8) for _ in range(2)]
    told = [worker.communicate(timeout=120)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    found = trials(storage)
    assert sorted(trial.number for trial in found) == list(range(len(found)))
    assert all(trial.state.is_finished() for trial in found)
    assert 8 <= len(found) <= 9  # both may be at the last one
    assert {lines[-1] for lines in told} <= {"8", "9"}
    drawn = [json.dumps(trial.params, sort_keys=True) for trial in found]
    assert len(set(drawn)) == len(found)


def test_a_killed_study_goes_on(postgres: Server) -> None:
    storage = postgres.new_database("killed")
    worker = start_worker(storage, 1_000_000)
    assert worker.stdout is not None
    while int(worker.stdout.readline()) < 2:
        pass
    worker.kill()
    worker.wait()
    worker.stdout.close()
    before = [t for t in trials(storage) if t.state.is_finished()]
    counts: list[int] = []
    wanted = len(before) + 2
    ended = study(storage, wanted, lambda done, _: counts.append(done))
    assert counts[0] == len(before)
    assert [trial["number"] for trial in ended][: len(before)] == [
        trial.number for trial in before
    ]
    assert len(ended) == wanted

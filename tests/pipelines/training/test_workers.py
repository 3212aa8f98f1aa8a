"""The candidates are trained at the same time, in processes that end as they should."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest

from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.models.logistic import Logistic
from churn_pipeline.pipelines.training import nodes
from churn_pipeline.pipelines.training.families import FAMILIES, Family
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.pipelines.training.splits import Splits, read_splits
from churn_pipeline.pipelines.training.workers import (
    CandidateError,
    Job,
    fit_all,
    fit_candidate,
)
from tests.factories import DECISION
from tests.pipelines.training.inputs import DATASET, FEATURE_SET, model_input, training


def refuse(_splits: Splits, _training: Training, _seed: int) -> Logistic:
    """Fail, telling which accelerators there are."""
    raise ValueError(f"devices: {os.environ.get('CUDA_VISIBLE_DEVICES')!r}")


def vanish(_splits: Splits, _training: Training, _seed: int) -> Logistic:
    """End as a process does that is killed for its memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def stall(_splits: Splits, _training: Training, _seed: int) -> Logistic:
    """Tell the process's id, and fit for ever."""
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    threading.Event().wait()
    raise AssertionError


def sober(splits: Splits, training: Training, seed: int) -> Logistic:
    """Be a family of one's own: a logistic regression that shrinks more."""
    return FAMILIES["logistic"].fit(
        splits, training.model_copy(update={"logistic_inverse_penalty": 0.01}), seed
    )


def job(fit) -> Job:
    splits = read_splits(model_input(), FEATURE_SET, Training().vocabulary)
    return Job(Family(fit), splits.without("test"), Training(), 0, 1)


def train(folder: Path, **fields: object) -> dict:
    settings = training(folder, **fields)
    return nodes.train_candidates(
        model_input(),
        FEATURE_SET,
        net_settings=dataclasses.asdict(settings.net),
        dataset=DATASET,
        feature_engineering=FeatureEngineering(),
        training=settings,
        decision=DECISION,
        seed=1,
    )


def test_the_candidates_are_the_same_whatever_the_number_of_processes(tmp_path):
    rows = model_input()
    alone = train(tmp_path, processes=1)["trained"]
    together = train(tmp_path, processes=3)["trained"]
    assert list(alone) == list(together) == ["net", "boosting", "logistic"]
    for name, artifact in alone.items():
        assert artifact.files == together[name].files
        np.testing.assert_array_equal(
            artifact.predict(rows), together[name].predict(rows)
        )


def test_a_family_of_ones_own_is_one_function_and_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(FAMILIES, "sober", Family(sober))
    made = train(tmp_path, candidates=("logistic", "sober"), processes=2)
    assert made["trained"]["sober"].manifest.family == "sober"
    said = {n: a.predict(model_input()) for n, a in made["trained"].items()}
    assert np.abs(said["sober"] - said["logistic"]).max() > 1e-3  # it is its own
    assert min(made["seconds"].values()) > 0


def test_what_has_ended_is_told():
    told: list[str] = []
    fit_all(
        {name: job(FAMILIES["logistic"].fit) for name in ("a", "b")},
        processes=1,
        on_done=told.append,
    )
    assert told == ["a", "b"]


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_comes_back_with_the_name_of_the_candidate(processes, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    seen = "0" if processes == 1 else ""  # a worker has no share in the accelerator
    message = (
        f"candidate 'mine' to be trained, got ValueError: devices: '{seen}'; mend it"
    )
    with pytest.raises(CandidateError, match=message):
        fit_all({"mine": job(refuse)}, processes=processes, on_done=print)


def test_a_process_that_was_killed_is_told_with_the_name_of_the_candidate():
    message = "candidate 'mine' .* ended from outside .* training.processes to 1"
    with pytest.raises(CandidateError, match=message):
        fit_all({"mine": job(vanish)}, processes=2, on_done=print)


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL])
def test_the_processes_end_with_the_run(ended_by):
    code = (
        "from tests.pipelines.training.test_workers import fit_all, job, stall\n"
        "if __name__ == '__main__':\n"
        "    fit_all({'mine': job(stall)}, processes=2, on_done=print)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    worker = psutil.Process(int(run.stdout.readline()))
    if ended_by == signal.SIGINT:  # a terminal tells every process of the group
        os.killpg(run.pid, ended_by)
    else:
        run.send_signal(ended_by)
    assert run.wait(120) != 0
    worker.wait(120)
    assert run.stdout.read() in ("", "mine\n")
    run.stdout.close()


def test_threads_are_limited_while_a_candidate_is_fit():
    from threadpoolctl import threadpool_info

    seen = []

    def look(splits: Splits, settings: Training, seed: int) -> Logistic:
        seen.extend(pool["num_threads"] for pool in threadpool_info())
        return FAMILIES["logistic"].fit(splits, settings, seed)

    before = [pool["num_threads"] for pool in threadpool_info()]
    fit_candidate(job(look))
    assert set(seen) == {1}
    assert [pool["num_threads"] for pool in threadpool_info()][: len(before)] == before

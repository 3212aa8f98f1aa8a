"""The models of a rollout are at hand where and while they are needed."""

import datetime as dt

import pytest

from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.serving.rollout.canary import Watch
from churn_pipeline.serving.rollout.results import results
from churn_pipeline.serving.rollout.spec import RolloutChange
from churn_pipeline.serving.rollout.state import Rollout
from churn_pipeline.serving.rollout.trial import Trial

NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


class Holder:
    """What the service holds beside the champion."""

    def __init__(self):
        self.held, self.times = {}, 0

    def hold(self, others):
        self.held, self.times = others, self.times + 1


@pytest.fixture
def rollout(tmp_path):
    return Rollout(tmp_path / "rollout.json")


def _change(rollout, **values):
    change = RolloutChange(version=rollout.state.version, **values)
    Rollout(rollout.path).update(change, who="ada", why="try")


def test_what_the_file_names_is_loaded_once_and_let_go(rollout):
    holder, loaded = Holder(), []
    trial = Trial(rollout, Watch(rollout), holder, lambda v: loaded.append(v) or v)
    trial.refresh()
    assert holder.times == 0
    _change(rollout, challenger="v2", shadow="v3", percentage=5)
    trial.refresh()
    trial.refresh()
    assert holder.held == {"v2": "v2", "v3": "v3"}
    assert (loaded, holder.times) == (["v2", "v3"], 1)
    _change(rollout, shadow=None)
    trial.refresh()
    assert set(holder.held) == {"v2"}


def test_a_version_that_cannot_be_loaded_is_told_once_and_tried_again(rollout, caplog):
    there = []

    def load(version):
        if not there:
            raise ArtifactError("no such folder")
        return version

    holder = Holder()
    trial = Trial(rollout, Watch(rollout), holder, load)
    _change(rollout, challenger="v2", percentage=5)
    trial.refresh()
    trial.refresh()
    assert (holder.held, trial.missing) == ({}, {"v2": "no such folder"})
    assert caplog.text.count("cannot be tried") == 1
    there.append(True)
    trial.refresh()
    assert (holder.held, trial.missing) == ({"v2": "v2"}, {})


def test_the_canary_acts_with_the_results_of_the_hour(rollout):
    clock, asked = [NOW], []

    def told(state):
        asked.append(state.version)
        return results([], state).model_copy(update={"verdict": "harm"})

    trial = Trial(
        rollout, Watch(rollout), Holder(), str, results=told, now=lambda: clock[0]
    )
    _change(rollout, challenger="v2", percentage=5)
    trial.refresh()
    assert asked == []  # a share that nobody watches over
    _change(rollout, canary={"steps": [5, 50]}, percentage=5)
    trial.refresh()
    assert asked == [2]
    assert rollout.state.percentage == 0


def test_results_are_counted_once_an_hour_and_may_fail(rollout, caplog):
    clock, asked = [NOW], []

    def told(state):
        asked.append(clock[0])
        raise OSError("the journal is gone")

    trial = Trial(
        rollout, Watch(rollout), Holder(), str, results=told, now=lambda: clock[0]
    )
    _change(rollout, challenger="v2", canary={"steps": [5, 50], "hours": 999})
    for minutes in (0, 1, 59, 60, 61):
        clock[0] = NOW + dt.timedelta(minutes=minutes)
        trial.refresh()
    assert len(asked) == 2
    assert rollout.state.percentage == 5
    assert "could not be counted" in caplog.text

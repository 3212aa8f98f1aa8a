"""A canary begins by itself, and takes nobody's experiment away."""

import pytest

from churn_pipeline.serving.rollout.begin import begin_canary
from churn_pipeline.serving.rollout.spec import Canary, RolloutChange
from churn_pipeline.serving.rollout.state import Rollout

PLAN = Canary(steps=(1, 100))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rollout.json"


def _tried(path, challenger, percentage):
    rollout = Rollout(path)
    change = RolloutChange(
        version=rollout.state.version, challenger=challenger, percentage=percentage
    )
    rollout.update(change, who="Ada", why="test")


def test_a_model_gets_the_first_share_and_the_ledger_says_why(path):
    told = begin_canary(path, "v2", PLAN, who="job")
    assert told == "v2 is tried on 1 % of the customers from now on"
    found = Rollout(path)
    assert (found.state.challenger, found.state.percentage) == ("v2", 1.0)
    assert found.state.canary == PLAN
    entry = found.ledger.read()[-1]
    assert (entry.who, entry.why) == ("job", "passed its gate, policy canary")


def test_it_begins_once_also_where_it_was_stopped(path):
    begin_canary(path, "v2", PLAN, who="job")
    Rollout(path).abort(who="Ada", why="complaints")
    assert begin_canary(path, "v2", PLAN, who="job").startswith("the canary of v2 was")
    assert Rollout(path).state.percentage == 0.0


def test_an_experiment_under_way_goes_on(path):
    _tried(path, "v1b", 50)
    told = begin_canary(path, "v2", PLAN, who="job")
    assert told.startswith("no canary of v2: v1b is tried on 50 % of the customers")
    assert Rollout(path).state.challenger == "v1b"


def test_one_that_was_stopped_gives_way_with_its_name_and_shares(path):
    begin_canary(path, "v1b", PLAN, who="job")
    Rollout(path).abort(who="Ada", why="complaints")
    begin_canary(path, "v2", PLAN, who="job")
    state = Rollout(path).state
    assert (state.challenger, state.percentage, state.stopped) == ("v2", 1.0, "")
    assert [share.percentage for share in state.shares] == [1.0]

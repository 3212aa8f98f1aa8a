"""The canary goes up on proof alone, and stops by itself."""

import datetime as dt

import numpy as np
import pytest

from churn_pipeline.serving.rollout.canary import Watch
from churn_pipeline.serving.rollout.guard import Guard
from churn_pipeline.serving.rollout.results import Experiment, Measured
from churn_pipeline.serving.rollout.spec import RolloutChange
from churn_pipeline.serving.rollout.state import Rollout

PLAN = {"steps": [10, 50, 100], "hours": 1}
LATER = dt.timedelta(hours=2)


@pytest.fixture
def rollout(tmp_path):
    rollout = Rollout(tmp_path / "rollout.json")
    change = RolloutChange(version=0, challenger="v2", canary=PLAN)
    rollout.update(change, who="ada", why="try it")
    return rollout


def _now(rollout, after=LATER):
    return dt.datetime.fromisoformat(rollout.state.time) + after


def _answers(watch, n, *, failed=0, slow=0, variant="challenger"):
    for i in range(n):
        watch.count(
            variant, failed=i < failed, microseconds=60_000 if i < slow else 1_000
        )


def _said(verdict, high=None):
    found = Measured(
        metric="log_loss",
        champion=0.4,
        challenger=0.4,
        difference=0,
        low=None if high is None else -high,
        high=high,
        level=0.025,
        verdict="not_yet",
    )
    return Experiment(
        experiment="v2",
        challenger="v2",
        percentage=10,
        primary="log_loss",
        verdict=verdict,
        stopped="",
        customers={},
        since="",
        as_of="",
        matured_until="",
        metrics=[found],
        shadow=[],
    )


def test_a_canary_begins_at_its_first_step(rollout):
    assert rollout.state.percentage == 10


def test_good_answers_carry_it_to_the_last_step(rollout):
    watch = Watch(rollout)
    shares = []
    for _ in range(5):
        _answers(watch, 1_000)
        shares.append(watch.tick(_now(rollout)).percentage)
    assert shares == [50, 100, 100, 100, 100]
    assert [entry.who for entry in rollout.ledger.read()] == ["ada", "canary", "canary"]


def test_it_waits_for_proof_and_for_its_hour(rollout):
    watch = Watch(rollout)
    _answers(watch, 100)
    assert watch.tick(_now(rollout)).percentage == 10
    _answers(watch, 1_000)
    assert watch.tick(_now(rollout, dt.timedelta(minutes=59))).percentage == 10
    assert watch.tick(_now(rollout)).percentage == 50


def test_errors_stop_it_at_once(rollout):
    watch = Watch(rollout)
    _answers(watch, 900, variant="champion")
    _answers(watch, 100, failed=10)
    state = watch.tick(_now(rollout))
    assert state.percentage == 0
    assert "answers that failed" in state.stopped
    assert rollout.choose("A", {}).version is None


def test_slow_answers_stop_it(rollout):
    watch = Watch(rollout)
    _answers(watch, 900, variant="champion")
    _answers(watch, 100, slow=30)
    assert "slow answers" in watch.tick(_now(rollout)).stopped


def test_errors_that_both_have_within_the_limit_stop_nothing(rollout):
    watch = Watch(rollout)
    _answers(watch, 9_000, failed=45, variant="champion")
    _answers(watch, 1_000, failed=5)
    assert watch.tick(_now(rollout, dt.timedelta())).percentage == 10


def test_what_spoke_against_it_is_kept_at_the_next_step(rollout):
    watch = Watch(rollout)
    for _ in range(4):
        _answers(watch, 300, variant="champion")
        _answers(watch, 30, failed=2)
        rollout.update(
            RolloutChange(version=rollout.state.version, planned=500),
            who="ada",
            why="touch",
        )
        watch.tick(_now(rollout, dt.timedelta()))
        _answers(watch, 300, variant="champion")
        _answers(watch, 30, failed=2)
        if watch.tick(_now(rollout, dt.timedelta())).stopped:
            break
    assert rollout.state.stopped


@pytest.mark.parametrize("verdict", ["worse", "harm"])
def test_bad_results_stop_it(rollout, verdict):
    watch = Watch(rollout, results=lambda state, now: _said(verdict))
    state = watch.tick(_now(rollout))
    assert verdict in state.stopped


def test_where_truth_is_asked_for_it_waits_for_it(tmp_path):
    rollout = Rollout(tmp_path / "rollout.json")
    plan = {**PLAN, "needs": "truth", "tolerance": 0.01}
    change = RolloutChange(version=0, challenger="v2", canary=plan)
    rollout.update(change, who="ada", why="")
    found = [
        None,
        _said("not_yet"),
        _said("not_yet", 0.02),
        _said("not_yet", 0.005),
    ]
    watch = Watch(rollout, results=lambda state, now: found.pop(0))
    _answers(watch, 1_000)
    shares = [watch.tick(_now(rollout)).percentage for _ in range(4)]
    assert shares == [10, 10, 10, 50]


def test_the_answers_of_two_workers_add_up(rollout):
    other = Rollout(rollout.path)
    watches = Watch(rollout), Watch(other)
    for watch in watches:  # neither has proof enough by itself
        _answers(watch, 400)
        watch.tick(_now(rollout))
        other.refresh()
    assert (rollout.state.percentage, other.state.percentage) == (10, 50)
    rollout.refresh()
    assert watches[0].tick(_now(rollout)).percentage == 50
    assert [entry.who for entry in rollout.ledger.read()] == ["ada", "canary"]


def test_what_was_counted_outlives_a_restart(rollout):
    for _ in range(2):  # half of what it takes, each by a process of its own
        watch = Watch(Rollout(rollout.path))
        _answers(watch, 400)
        watch.tick(_now(rollout))
    rollout.refresh()
    assert rollout.state.percentage == 50
    for _ in range(4):
        watch = Watch(Rollout(rollout.path))
        _answers(watch, 300, variant="champion")
        _answers(watch, 100, failed=2)
        watch.tick(_now(rollout, dt.timedelta()))
    rollout.refresh()
    assert "answers that failed" in rollout.state.stopped


def test_who_sets_it_going_again_begins_a_new_count(rollout):
    watch = Watch(rollout)
    _answers(watch, 100, failed=10)
    assert watch.tick(_now(rollout)).stopped
    watch.tick(_now(rollout))
    again = RolloutChange(version=rollout.state.version, canary=PLAN, percentage=10)
    rollout.update(again, who="ada", why="mended")
    watch.tick(_now(rollout))
    _answers(watch, 1_000)
    assert watch.tick(_now(rollout)).percentage == 50


def test_a_folder_that_takes_no_file_loses_no_count(rollout, caplog):
    watch = Watch(rollout)
    in_the_way = rollout.path.with_name("canary.json.new")
    in_the_way.mkdir()
    for _ in range(2):
        _answers(watch, 250)
        assert watch.tick(_now(rollout)).percentage == 10
    assert "kept by each worker" in caplog.text
    in_the_way.rmdir()
    _answers(watch, 250)
    watch.tick(_now(rollout))
    other = Watch(Rollout(rollout.path))
    assert other.tick(_now(rollout)).percentage == 50


def test_a_file_of_counts_that_makes_no_sense_is_told_and_counted_anew(rollout, caplog):
    rollout.path.with_name("canary.json").write_text("{}")
    watch = Watch(rollout)
    _answers(watch, 1_000)
    assert watch.tick(_now(rollout)).percentage == 50
    assert "counted anew" in caplog.text


def test_a_stop_by_hand_is_not_undone(rollout):
    watch = Watch(rollout)
    rollout.abort(who="ada", why="no")
    _answers(watch, 5_000)
    assert watch.tick(_now(rollout)).percentage == 0


def test_good_challengers_are_seldom_stopped(rollout):
    # 200 canaries whose errors are the champion's: at most level / 8 of a kind.
    rng = np.random.default_rng(0)
    stopped = 0
    for _ in range(200):
        guard = Guard.of("answers that failed")
        for _ in range(100):
            bad_a, bad_b = rng.binomial([950, 50], 0.008)
            guard.see(np.array([bad_a, 950.0, bad_b, 50.0]), 0.01)
            if guard.harm >= 20:
                stopped += 1
                break
    assert stopped / 200 <= 0.05 + 0.03

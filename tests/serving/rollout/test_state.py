"""Changes: numbered, whole, written down, and never made twice."""

import threading

import pytest
from pydantic import ValidationError

from churn_pipeline.release.chain import LedgerError
from churn_pipeline.serving.rollout.spec import RolloutChange, RolloutState
from churn_pipeline.serving.rollout.state import Rollout, RolloutError, StaleError
from tests.serving.disks import full_disk


def _change(version, **values):
    return RolloutChange(version=version, **values)


@pytest.fixture
def rollout(tmp_path):
    rollout = Rollout(tmp_path / "company" / "rollout.json")
    rollout.update(_change(0, challenger="v2", percentage=5), who="ada", why="try it")
    return rollout


def test_without_a_file_nobody_gets_a_challenger(tmp_path):
    rollout = Rollout(tmp_path / "rollout.json")
    assert rollout.state == RolloutState()
    assert rollout.choose("A", {}).version is None


def test_a_change_is_in_the_file_and_in_the_ledger(rollout):
    assert Rollout(rollout.path).state == rollout.state
    (entry,) = rollout.ledger.read()
    assert (entry.who, entry.why, entry.action) == ("ada", "try it", "set")
    assert (entry.old.percentage, entry.new.percentage) == (0, 5)


def test_what_is_not_named_stays(rollout):
    state = rollout.update(_change(1, planned=500), who="ada", why="smaller")
    assert (state.challenger, state.percentage, state.planned) == ("v2", 5, 500)


def test_0_percent_is_valid_and_an_abort_needs_no_version(rollout):
    state = rollout.update(_change(1, percentage=0), who="ada", why="stop")
    assert state.percentage == 0
    rollout.update(_change(2, percentage=50, shadow="v3"), who="ada", why="on")
    state = rollout.abort(who="eve", why="complaints")
    assert (state.percentage, state.shadow, state.stopped) == (0, None, "complaints")
    assert state.stopped_by == "eve"
    assert rollout.choose("A", {}).version is None


def test_a_stale_change_is_refused(rollout):
    with pytest.raises(StaleError, match="expected version 1"):
        rollout.update(_change(0, percentage=50), who="bob", why="more")
    assert len(rollout.ledger.read()) == 1


def test_of_changes_at_once_one_is_made(rollout):
    others = [Rollout(rollout.path) for _ in range(8)]
    refused = []

    def change(other, percentage):
        try:
            other.update(_change(1, percentage=percentage), who="x", why="")
        except StaleError:
            refused.append(percentage)

    threads = [
        threading.Thread(target=change, args=(other, 10 + i))
        for i, other in enumerate(others)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert len(rollout.ledger.read()) == 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"percentage": 100.5}, "less than or equal to 100"),
        ({"percentage": -1}, "greater than or equal to 0"),
        ({"percentage": float("nan")}, "finite"),
        ({"percentage": 0.001}, "two decimals"),
        ({"percentige": 5}, "percentage"),
        ({"canary": {"steps": [5, 1]}}, "rising|above the one before"),
        ({"exclude": [{"feature": "age"}]}, "equals, one_of, at_least or below"),
        ({"exclude": [{"feature": "age", "equals": None}]}, "none of them"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        RolloutChange(version=1, **values)


def test_a_share_without_a_challenger_is_refused_and_not_written(rollout):
    with pytest.raises(ValidationError, match="expected a challenger"):
        rollout.update(_change(1, challenger=None), who="ada", why="")
    assert Rollout(rollout.path).state.version == 1


def test_overrides_are_kept_as_digests_until_the_next_experiment(rollout):
    rollout.update(_change(1, overrides={"A": "challenger"}), who="ada", why="")
    assert rollout.choose("A", {}).version == "v2"
    assert "A" not in rollout.state.overrides
    assert (
        rollout.update(_change(2, overrides={"A": None}), who="a", why="") is not None
    )
    assert rollout.state.overrides == {}
    rollout.update(_change(3, overrides={"A": "challenger"}), who="ada", why="")
    rollout.update(_change(4, challenger="v3"), who="ada", why="")
    assert rollout.state.overrides == {}


def test_the_shares_of_an_experiment_are_remembered_with_their_times(rollout):
    rollout.update(_change(1, percentage=25), who="ada", why="")
    rollout.update(_change(2, planned=500), who="ada", why="")
    assert [share.percentage for share in rollout.state.shares] == [5, 25]
    rollout.update(_change(3, challenger="v3", percentage=1), who="ada", why="")
    assert [share.percentage for share in rollout.state.shares] == [1]


def test_another_worker_sees_the_change(rollout):
    other = Rollout(rollout.path)
    rollout.update(_change(1, percentage=100), who="ada", why="")
    assert other.choose("A", {}).variant != "challenger" or other.state.version == 1
    other.refresh()
    assert other.choose("A", {}).version == "v2"


def test_a_worker_that_cannot_read_the_file_keeps_what_it_had(rollout, caplog):
    whole = rollout.path.read_bytes()
    rollout.path.write_text("{")
    rollout.refresh()
    assert "rollout.json" in rollout.problem
    assert rollout.state.percentage == 5
    assert "the rollout stays as it was" in caplog.text
    rollout.path.write_bytes(whole)
    rollout.refresh()
    assert rollout.problem is None


def test_a_file_that_cannot_be_read_stops_the_start(rollout):
    rollout.path.write_text("{")
    with pytest.raises(RolloutError, match="restore"):
        Rollout(rollout.path)


def test_a_kill_between_ledger_and_file_is_mended(rollout):
    before = rollout.path.read_bytes()
    rollout.update(_change(1, percentage=50), who="ada", why="")
    rollout.path.write_bytes(before)
    state = Rollout(rollout.path).update(_change(2, planned=900), who="bob", why="")
    assert (state.version, state.percentage) == (3, 50)


def test_a_file_changed_by_hand_takes_no_change(rollout):
    rollout.path.write_text(rollout.path.read_text().replace("5.0", "50.0"))
    with pytest.raises(RolloutError, match="by hand"):
        rollout.update(_change(1, percentage=0), who="ada", why="")


def test_an_altered_ledger_takes_no_change(rollout):
    path = rollout.ledger.path
    path.write_text(path.read_text().replace("ada", "eve"))
    with pytest.raises(LedgerError, match="altered"):
        rollout.update(_change(1, percentage=0), who="ada", why="")


def test_an_abort_stops_also_where_the_ledger_was_altered(rollout):
    path = rollout.ledger.path
    path.write_text(path.read_text().replace("ada", "eve"))
    with pytest.raises(RolloutError, match="not in the ledger"):
        rollout.abort(who="ada", why="harm")
    assert Rollout(rollout.path).state.percentage == 0


def test_on_a_full_disk_an_abort_stops_all_workers_and_is_written_later(rollout):
    other = Rollout(rollout.path)
    with full_disk():
        with pytest.raises(RolloutError, match="everybody gets the champion"):
            rollout.abort(who="eve", why="harm")
        rollout.refresh()
        other.refresh()
        assert (rollout.state.percentage, other.state.percentage) == (0, 0)
        assert "could not be written" in rollout.problem
    rollout.refresh()
    assert rollout.problem is None
    last = rollout.ledger.read()[-1]
    assert (last.who, last.why, last.new) == ("eve", "harm", rollout.state)
    other.refresh()
    assert other.state == rollout.state


def test_a_stop_that_could_not_be_written_does_not_undo_what_was_decided_since(
    rollout, caplog
):
    with full_disk(), pytest.raises(RolloutError):
        rollout.abort(who="eve", why="harm")
    other = Rollout(rollout.path)
    other.update(_change(1, percentage=50), who="ada", why="found it")
    rollout.refresh()
    assert rollout.state == other.state
    assert "somebody has decided since" in caplog.text


def test_a_file_that_was_taken_away_is_a_stop(rollout):
    rollout.path.unlink()
    state = rollout.update(_change(1, planned=900), who="ada", why="go on")
    assert (state.version, state.percentage, state.challenger) == (2, 0, "v2")

"""`kedro churn rollout finish`: by rule, or by a person, and once."""

import datetime as dt

import numpy as np
import pytest
from click.testing import CliRunner

from churn_pipeline.cli import canary as command
from churn_pipeline.cli import churn
from churn_pipeline.processes import account
from churn_pipeline.release.releases import ReleaseError, Releases
from churn_pipeline.release.store import ModelStore
from churn_pipeline.serving.rollout.begin import begin_canary
from churn_pipeline.serving.rollout.guard import FILE, Evidence
from churn_pipeline.serving.rollout.spec import Canary
from churn_pipeline.serving.rollout.state import Rollout
from tests.release.in_memory import MemoryRegistry, champion_of, register

PLAN = Canary(steps=(10, 100), hours=1)


@pytest.fixture
def releases(tmp_path, monkeypatch):
    """Releases of the data set that the command is about."""
    found = Releases(ModelStore(tmp_path / "models"), MemoryRegistry(), who="ada")
    monkeypatch.setattr(command, "service_of", lambda env: tmp_path)
    monkeypatch.setattr(command, "releases_of", lambda env: found)
    monkeypatch.setattr(command, "experiment_of", lambda *_: None)
    return found


@pytest.fixture
def tried(releases, tmp_path):
    """A rollout that gives everybody the challenger `2`, which nothing speaks for."""
    register(releases, "1")
    register(releases, "2", policy="canary")
    begin_canary(tmp_path / "rollout.json", "2", PLAN, who="ada")
    rollout = Rollout(tmp_path / "rollout.json")
    up = {"percentage": 100.0}
    rollout.move("step", "canary", "proven", lambda s: s.model_copy(update=up))
    return rollout


def _answers(rollout, n, *, failed=0):
    counts = np.array([[0, 0, 0], [n, failed, 0]], np.float64)
    Evidence(rollout.path.with_name(FILE)).add(counts, rollout.state, PLAN)


def _finish(rollout, monkeypatch, rule="auto", hours=2):
    monkeypatch.setattr(command, "_rule", lambda env: rule)
    begun = dt.datetime.fromisoformat(rollout.state.time)
    return command.finished(None, at=begun + dt.timedelta(hours=hours))


def test_who_was_tried_with_success_becomes_champion_by_rule(
    tried,
    releases,
    monkeypatch,
):
    monkeypatch.setenv("LOGNAME", "somebody else")
    _answers(tried, 5_000)
    told = _finish(tried, monkeypatch)
    assert told.startswith("2 canary: proven at 100 % since")
    assert champion_of(releases) == "2"
    last = releases.store.ledger.read()[-1]
    assert (last.action, last.version) == ("promote", "2")
    tried.refresh()
    assert (tried.state.challenger, tried.state.canary) == (None, None)
    assert tried.ledger.read()[-1].who == account()
    assert _finish(tried, monkeypatch) == ""
    assert [e.action for e in releases.store.ledger.read()].count("promote") == 2


def test_where_a_person_is_to_say_so_the_command_is_told(
    tried,
    releases,
    monkeypatch,
):
    _answers(tried, 5_000)
    told = _finish(tried, monkeypatch, rule="ask")
    assert told.endswith("to release it: kedro churn approve 2")
    assert champion_of(releases) == "1"


@pytest.mark.parametrize(
    ("counted", "hours", "why"),
    [
        ((5_000, 0), 0.5, "the step at 100 % is not proven yet"),
        ((100, 0), 2, "the step at 100 % is not proven yet"),
        ((5_000, 500), 2, "expected no more answers that failed"),
    ],
    ids=["too early", "too few answers", "errors"],
)
def test_nothing_is_released_that_is_not_proven(
    tried, monkeypatch, counted, hours, why
):
    answers, failed = counted
    _answers(tried, answers, failed=failed)
    told = _finish(tried, monkeypatch, hours=hours)
    assert told.startswith(f"nothing to finish: {why}")
    assert champion_of(command.releases_of(None)) == "1"


def test_after_a_kill_in_between_only_the_experiment_is_ended(
    tried,
    releases,
    monkeypatch,
):
    releases.promote("2", reason="proven")
    before = len(releases.store.ledger.read())
    told = _finish(tried, monkeypatch)
    assert told == "2 is the champion by now; its experiment has ended"
    assert len(releases.store.ledger.read()) == before


def test_a_model_that_was_compared_with_another_champion_is_not_released(
    tried,
    releases,
    monkeypatch,
):
    _answers(tried, 5_000)
    register(releases, "3")
    with pytest.raises(ReleaseError, match="compared with 1, but 3 reigns now"):
        _finish(tried, monkeypatch)
    assert champion_of(releases) == "3"


@pytest.mark.usefixtures("releases")
def test_the_command_says_that_there_is_no_canary():
    done = CliRunner().invoke(churn, ["rollout", "finish"])
    assert done.output == "nothing to finish: no canary is under way\n"
    assert done.exit_code == 0

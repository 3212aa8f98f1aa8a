"""`kedro churn rollout show, set, abort`: the file that the service follows."""

import datetime as dt
import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from churn_pipeline.cli import churn, journal
from churn_pipeline.cli import rollout as module
from churn_pipeline.processes import account
from churn_pipeline.release import objections
from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.journal.feedback import Feedback
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from churn_pipeline.serving.journal.truth import Truth
from churn_pipeline.serving.rollout.state import Rollout
from tests.conftest import ROOT
from tests.factories import tiny_artifact
from tests.serving.journal.made import entry


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The rollout of telco, whose versions 1.1.0 and 1.2.0 are registered."""
    known = {"1.1.0": "v-one", "1.2.0": "v-two"}

    def version(name, env):
        if name in known:
            return known[name]
        raise LookupError(f"expected a registered version, got {name!r}")

    monkeypatch.setattr(module, "_version", version)
    monkeypatch.setattr(module, "_champion", lambda env: "v-one")
    monkeypatch.setattr(objections, "closed", lambda store, version: "")
    monkeypatch.setenv("CHURN_SERVICE_DIR", str(tmp_path))
    monkeypatch.chdir(ROOT)
    return tmp_path / "telco" / "rollout.json"


def _run(*args):
    return CliRunner().invoke(churn, ["rollout", *args, "--env", "telco"])


def _set(*args):
    return _run("set", *args, "--reason", "try it")


def test_set_changes_the_file_that_the_service_reads(path):
    done = _set("--challenger", "1.2.0", "--percentage", "5")
    assert done.exit_code == 0, done.output
    assert "challenger v-two: 5 % of the customers" in done.output
    rollout = Rollout(path)
    assert (rollout.state.challenger, rollout.state.percentage) == ("v-two", 5)
    assert rollout.ledger.read()[0].why == "try it"


def test_the_number_of_the_state_is_told_in_words(path):
    first, *_ = _run("show").output.splitlines()
    assert first == "nothing was set yet (state 0 of the rollout)"
    _set("--challenger", "1.2.0", "--percentage", "5")
    first, *_ = _run("show").output.splitlines()
    assert first == (
        f"state 1 of the rollout, in force since {Rollout(path).state.time}"
    )


def test_a_version_that_is_kept_from_customers_is_no_challenger(path, monkeypatch):
    monkeypatch.setattr(objections, "closed", lambda store, version: "eve rejected it")
    done = _set("--challenger", "1.2.0", "--percentage", "5")
    assert done.exit_code == 1
    assert "eve rejected it. `--shadow` asks it unseen" in done.output
    assert not path.exists()
    assert _set("--shadow", "1.2.0").exit_code == 0


def test_show_tells_what_is_in_force_and_who_changed_it(path):
    assert "everybody gets the champion" in _run("show").output
    _set("--challenger", "1.2.0", "--canary", "1,10,100")
    assert "1, 10, 100 %" in _run("show").output
    assert json.loads(_run("show", "--json").output)["percentage"] == 1
    assert "0 % -> 1 %  try it" in _run("show", "--history").output
    (told,) = json.loads(_run("show", "--json", "--history").output)
    assert told["action"] == "set"


def test_the_history_tells_when_a_shadow_came_and_went(path):
    _set("--shadow", "1.2.0")
    _set("--shadow", "none")
    came, went = _run("show", "--history").output.splitlines()
    assert "shadow v-two  try it" in came
    assert "shadow v-two ended  try it" in went


def test_the_champion_is_no_shadow_of_itself(path):
    done = _set("--shadow", "1.1.0")
    assert done.exit_code == 1
    assert "expected a shadow other than the champion, got v-one" in done.output
    assert not path.exists()


def test_show_tells_what_came_of_it(path, tmp_path, monkeypatch):
    artifact = tiny_artifact("v-one")
    releases = SimpleNamespace(store=SimpleNamespace(champion=lambda: artifact))
    monkeypatch.setattr(module, "releases_of", lambda env: releases)
    monkeypatch.setattr(journal, "_folder", lambda releases: path.parent)
    _set("--challenger", "1.2.0", "--percentage", "50")
    assert "no results yet" in _run("show").output
    store = Store(connect(f"sqlite:///{path.parent / 'journal.db'}"), Pseudonyms())
    begun = dt.datetime.fromisoformat(Rollout(path).state.time).timestamp()
    told = {"variant": "challenger", "model_version": "v-two", "value": 70.0}
    about = {"time_ns": int(begun * 1e9) + 10**9, "decision": "call"}
    champions = about | {"model_version": "v-one", "customer_id": "a"}
    answers = [entry("a", **champions), entry("b", **about, **told)]
    store.write(answers, "1")
    later = dt.datetime.fromtimestamp(begun, dt.UTC) + dt.timedelta(days=70)
    said = [Truth(request_id=name, churned=False) for name in "ab"]
    feedback = Feedback(f"sqlite:///{path.parent / 'journal.db'}")
    feedback.add(said, key_hash="k", now_ns=int(later.timestamp() * 1e9))
    monkeypatch.setattr(module, "now", lambda: later)
    lines = _run("show").output.splitlines()
    assert "customers who count: champion 1, challenger 1" in lines
    (matured,) = [line for line in lines if line.startswith("labels matured as of")]
    assert matured.count("+00:00") == 2
    (profit,) = [line for line in lines if "profit" in line]
    # Worth 10, or 70 of whom that is known, less a call of 4.
    assert "champion 6, challenger 66: too few customers to tell" in profit
    releases.store.champion = lambda: tiny_artifact("v-two")
    assert "verdict: none, the challenger is the champion" in _run("show").output


def test_a_file_gives_what_options_do_not(path, tmp_path):
    file = tmp_path / "change.json"
    file.write_text('{"exclude": [{"feature": "age", "below": 18}]}')
    done = _set("--challenger", "1.2.0", "--percentage", "5", "--file", str(file))
    assert "excluded: age below 18" in done.output


def test_abort_sends_everybody_to_the_champion(path):
    _set("--challenger", "1.2.0", "--percentage", "50", "--shadow", "1.2.0")
    done = _run("abort", "--reason", "complaints")
    assert done.exit_code == 0, done.output
    state = Rollout(path).state
    assert (state.percentage, state.shadow, state.stopped) == (0, None, "complaints")


def test_no_variable_says_who_changed_the_rollout(path, monkeypatch):
    monkeypatch.setenv("LOGNAME", "somebody else")
    _set("--shadow", "1.2.0")
    _run("abort", "--reason", "complaints")
    assert [entry.who for entry in Rollout(path).ledger.read()] == [account()] * 2


def test_without_its_challenger_a_share_ends(path):
    _set("--challenger", "1.2.0", "--canary", "5,50")
    assert "everybody gets the champion" in _set("--challenger", "none").output
    state = Rollout(path).state
    assert (state.challenger, state.percentage, state.canary) == (None, 0, None)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--challenger", "9.9.9"), "expected a registered version, got '9.9.9'"),
        (("--percentage", "5"), "expected a challenger"),
        (("--challenger", "1.2.0", "--percentage", "500"), "percentage: Input should"),
        (("--challenger", "1.2.0", "--if-version", "3"), "expected version 0"),
        (("--challenger", "1.2.0", "--canary", "1,x"), "could not convert"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_written(path, args, message):
    done = _set(*args)
    assert done.exit_code == 1
    assert message in done.output
    assert not path.exists()

"""The loop does what the watch decided, and asks where the policy says so."""

import datetime as dt

import click
import pytest
from click.testing import CliRunner

from churn_pipeline.cli import loop as command
from churn_pipeline.cli.loop import WATCH, loop
from churn_pipeline.monitoring.decision import RetrainDecision
from churn_pipeline.monitoring.reasons import Action, Reason
from churn_pipeline.runs import RunRecord

FINISHED = "v2 has gone all the way"
REASON = Reason(kind="new_data", action=Action.RETRAIN, text="900 newer rows")


@pytest.fixture
def night(monkeypatch):
    """Return what runs a night in which something is decided, and what it ran."""
    ran = []

    def noted(pipeline, env, params):
        ran.append((pipeline, params))

    def run(action, *args, killed=None, **changes):
        given = {"reasons": (REASON,), "when": "auto", **changes}
        decided = RetrainDecision(
            date=dt.date(2026, 3, 1),
            champion="v1",
            newest=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            action=action,
            **given,
        )
        monkeypatch.setattr(command, "_decided", lambda env: decided)
        monkeypatch.setattr(command, "_killed", lambda env: killed)
        done = CliRunner().invoke(loop, args, catch_exceptions=False)
        return done.output, ran

    monkeypatch.setattr(command, "_run", noted)
    monkeypatch.setattr(command, "finish_now", lambda env: FINISHED)
    monkeypatch.setattr(
        command, "go_on", lambda env, record: ran.append(("resumed", record.version))
    )
    return run


def test_a_quiet_night_watches_and_says_so(night):
    told, ran = night(Action.NOTHING, reasons=())
    assert ran == [(WATCH, {})]
    assert told == f"{FINISHED}\nnothing: no reason to\n"


@pytest.mark.parametrize(
    ("action", "pipeline"),
    [(Action.RETRAIN, "retraining"), (Action.RECALIBRATE, "recalibration")],
)
def test_what_was_decided_is_done(night, action, pipeline):
    assert night(action)[1] == [(WATCH, {}), (pipeline, {})]


def test_where_the_policy_asks_the_command_is_told_and_not_run(night):
    told, ran = night(Action.RETRAIN, "--env", "telco", when="ask")
    assert ran == [(WATCH, {})]
    assert told.splitlines()[-1] == (
        "to do it: kedro run --env telco --pipelines retraining --params "
        "'monitoring.reason=new data'"
    )


TARIFF = {"monitoring": {"reason": "tariff"}}


@pytest.mark.parametrize(
    "given", [("--reason", "tariff"), ("--params", "monitoring.reason=tariff")]
)
def test_a_reason_goes_before_the_policy(night, given):
    _, ran = night(Action.RETRAIN, *given, when="ask")
    assert ran == [(WATCH, TARIFF), ("retraining", TARIFF)]


def test_parameters_hold_for_the_watch_and_for_what_follows(night):
    given = "training.tuning.n_trials=4,today=2026-03-02"
    _, ran = night(Action.RETRAIN, "--params", given)
    params = {"training": {"tuning": {"n_trials": 4}}, "today": "2026-03-02"}
    assert ran == [(WATCH, params), ("retraining", params)]


def test_a_parameter_without_a_value_is_refused():
    refused = CliRunner().invoke(loop, ["--params", "today"])
    assert refused.exit_code == 2
    assert "separated by `=`" in refused.output


def test_a_killed_retraining_is_gone_on_with_and_no_other_is_begun(night):
    killed = RunRecord(version="v7", dataset="tiny")
    assert night(Action.RETRAIN, killed=killed)[1] == [(WATCH, {}), ("resumed", "v7")]


def test_the_watch_looks_at_who_reigns_after_a_canary(night, monkeypatch):
    _, ran = night(Action.NOTHING, reasons=())
    ran.clear()
    monkeypatch.setattr(command, "finish_now", lambda env: ran.append("finished"))
    night(Action.NOTHING, reasons=())
    assert ran == ["finished", (WATCH, {})]


def test_a_canary_that_cannot_be_finished_does_not_stop_the_loop(night, monkeypatch):
    def refused(env):
        raise click.ClickException("another champion reigns")

    monkeypatch.setattr(command, "finish_now", refused)
    told, ran = night(Action.RETRAIN)
    assert told == "the canary is not finished: another champion reigns\n"
    assert ran == [(WATCH, {}), ("retraining", {})]

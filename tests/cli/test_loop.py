"""The loop does what the watch decided, and asks where the policy says so."""

import datetime as dt

import pytest
from click.testing import CliRunner

from churn_pipeline.cli import loop as command
from churn_pipeline.cli.loop import WATCH, loop
from churn_pipeline.monitoring.decision import Action, Reason, RetrainDecision

REASON = Reason(kind="new_data", action=Action.RETRAIN, text="900 newer rows")


@pytest.fixture
def night(monkeypatch):
    """Return what runs a night in which something is decided, and what it ran."""
    ran = []

    class Session:
        def __init__(self, env, reason):
            self.reason = reason

        def run(self, pipeline_names):
            ran.append((tuple(pipeline_names), self.reason))

    def run(action, *args, **changes):
        given = {"reasons": (REASON,), "when": "auto", **changes}
        decided = RetrainDecision(
            date=dt.date(2026, 3, 1),
            champion="v1",
            newest=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            action=action,
            **given,
        )
        monkeypatch.setattr(command, "_decided", lambda env: decided)
        done = CliRunner().invoke(loop, args, catch_exceptions=False)
        return done.output, ran

    monkeypatch.setattr(command, "_session", Session)
    return run


def test_a_quiet_night_watches_and_says_so(night):
    told, ran = night(Action.NOTHING, reasons=())
    assert ran == [((WATCH,), "")]
    assert told == "nothing: no reason to\n"


@pytest.mark.parametrize(
    ("action", "pipeline"),
    [(Action.RETRAIN, "retraining"), (Action.RECALIBRATE, "recalibration")],
)
def test_what_was_decided_is_done(night, action, pipeline):
    assert night(action)[1] == [((WATCH,), ""), ((pipeline,), "")]


def test_where_the_policy_asks_the_command_is_told_and_not_run(night):
    told, ran = night(Action.RETRAIN, "--env", "telco", when="ask")
    assert ran == [((WATCH,), "")]
    assert told.splitlines()[-1] == (
        "to do it: kedro run --env telco --pipelines retraining --params "
        "'monitoring.reason=new data'"
    )


def test_a_reason_goes_before_the_policy(night):
    _, ran = night(Action.RETRAIN, "--reason", "tariff", when="ask")
    assert ran == [((WATCH,), "tariff"), (("retraining",), "tariff")]

"""A model is made where it was decided, or with a reason; else the run ends well."""

import datetime as dt
from types import SimpleNamespace

import click
import pytest
from kedro.io import DataCatalog, MemoryDataset

from churn_pipeline.hooks.due import DueHook, KilledError, NotDecidedError
from churn_pipeline.monitoring.decision import RetrainDecision
from churn_pipeline.monitoring.reasons import Action
from churn_pipeline.runs import RunRecord

MADE = "2026-01-01T00.00.00.000Z"
HOOK = DueHook()
ENDED = 2**22 + 1  # beyond the largest number of a process


def _catalog(action=None, *, reason="", newest=MADE, reigns=MADE):
    champion = SimpleNamespace(manifest=SimpleNamespace(version=reigns))
    found = {
        "params:monitoring.reason": MemoryDataset(reason),
        "models_made": MemoryDataset([newest]),
        "champion": MemoryDataset(champion),
        "retraining_decision": MemoryDataset(),
    }
    if action is not None:
        decided = RetrainDecision(
            date=dt.date(2026, 3, 1),
            champion=MADE,
            newest=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            action=action,
        )
        found["retraining_decision"] = MemoryDataset(decided.model_dump(mode="json"))
    return DataCatalog(found)


def _run(catalog, pipeline="retraining", **asked):
    HOOK.before_pipeline_run({"pipeline_names": [pipeline], **asked}, catalog)


def _goes_on(catalog, pipeline="retraining", **asked):
    try:
        _run(catalog, pipeline, **asked)
    except (click.exceptions.Exit, NotDecidedError):
        return False
    return True


def _ends(caplog, catalog, pipeline="retraining"):
    caplog.set_level("INFO")
    with pytest.raises(click.exceptions.Exit) as ended:
        _run(catalog, pipeline)
    assert ended.value.exit_code == 0
    return caplog.messages[-1]


def test_what_was_decided_is_done():
    assert _goes_on(_catalog(Action.RETRAIN))
    assert _goes_on(_catalog(Action.RECALIBRATE), "recalibration")


def test_where_nothing_was_decided_nothing_is_done_and_it_is_said(caplog):
    told = _ends(caplog, _catalog(Action.NOTHING))
    assert told == "nothing to do here: decided on 2026-03-01 is nothing: no reason to"


def test_a_recalibration_is_no_retraining(caplog):
    assert "is recalibrate" in _ends(caplog, _catalog(Action.RECALIBRATE))
    assert "is retrain" in _ends(caplog, _catalog(Action.RETRAIN), "recalibration")


def test_a_decision_is_carried_out_once(caplog):
    newer = "2026-03-01T01.00.00.000Z"
    told = _ends(caplog, _catalog(Action.RETRAIN, newest=newer))
    assert told.endswith(f"was carried out by {newer}")


@pytest.mark.parametrize(
    ("action", "pipeline"),
    [(Action.RETRAIN, "retraining"), (Action.RECALIBRATE, "recalibration")],
)
def test_what_was_decided_about_a_model_rolled_back_since_is_not_done(action, pipeline):
    before = "2025-11-01T00.00.00.000Z"
    told = f"the champion, {before}, got one about {MADE}, which reigns no more"
    with pytest.raises(NotDecidedError, match=told):
        _run(_catalog(action, reigns=before), pipeline)
    assert _goes_on(_catalog(action, reigns=before, reason="new tariff"), pipeline)


def test_a_reason_goes_before_the_decision():
    assert _goes_on(_catalog(Action.NOTHING, reason="new tariff"))
    assert _goes_on(_catalog(None, reason="new tariff"))


def test_without_a_decision_nothing_is_made():
    with pytest.raises(NotDecidedError, match="run `kedro run --pipelines monitoring`"):
        _run(_catalog(None))


def test_other_pipelines_and_resumed_runs_are_let_pass():
    assert _goes_on(_catalog(None), "training")
    resumed = ["retraining.tune_net_again"]
    assert _goes_on(_catalog(Action.NOTHING), node_names=resumed)


def test_what_was_killed_is_gone_on_with_and_not_begun_again(tmp_path):
    begun = RunRecord(
        version=MADE,
        dataset="tiny",
        request={"pipeline_names": ["retraining"]},
        done=["train"],
        pid=ENDED,
    )
    begun.save(tmp_path)
    loader = {"globals": {"dataset": {"name": "tiny"}}}
    hook = DueHook()
    hook.after_context_created(
        SimpleNamespace(project_path=tmp_path, config_loader=loader)
    )

    def run(reason="", **asked):
        given = {"pipeline_names": ["retraining"], **asked}
        hook.before_pipeline_run(given, _catalog(Action.RETRAIN, reason=reason))

    with pytest.raises(KilledError, match="go on with `kedro churn resume --pipelines"):
        run()
    run(node_names=["release"])  # resumed
    run(reason="new tariff")
    begun.model_copy(update={"status": "done"}).save(tmp_path)
    run()

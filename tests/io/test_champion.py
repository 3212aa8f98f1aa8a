"""The catalog dataset of the champion."""

import dataclasses
from dataclasses import replace

import pytest

from churn_pipeline.io.champion import ChampionDataset, NoChampionError
from churn_pipeline.release import registry
from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.release.proposal import Release
from churn_pipeline.serving.rollout.state import Rollout
from tests.factories import tiny_artifact
from tests.release.in_memory import reviewed

FIRST, SECOND = "2026-01-01T00.00.00.000Z", "2026-01-02T00.00.00.000Z"
STEPS = {"steps": (2, 100)}


@pytest.fixture
def champion(tmp_path, monkeypatch):
    for step in ("register", "set_alias"):
        monkeypatch.setattr(registry.Registry, step, lambda *_: None)
    monkeypatch.setattr(registry.Registry, "aliases", lambda _: {})
    return lambda **more: ChampionDataset(
        path=str(tmp_path / "models"),
        dataset="tiny",
        tracking_uri="",
        rollout=str(tmp_path / "rollout.json"),
        **more,
    )


def _release(version):
    return Release(
        tiny_artifact(version),
        approved=True,
        reasons=(),
        metrics={},
        policy="auto",
        compared_with=None,
        review=reviewed(),
    )


def test_before_any_model_it_says_what_to_run(champion):
    with pytest.raises(NoChampionError, match="of tiny yet: start with `kedro run`"):
        champion().load()
    assert champion(to_compare=True).load() is None
    assert not champion().exists()


def test_a_refused_first_model_is_told_with_the_reason_of_the_gate(champion):
    reasons = ("at least 200 rows in the test split, got 120",)
    refused = dataclasses.replace(_release("1"), approved=False, reasons=reasons)
    champion().save(refused)
    message = r"the gate refused 1\.0\.0: at least 200 .* got 120\. Train"
    with pytest.raises(NoChampionError, match=message):
        champion().load()


def test_a_first_model_that_waits_is_told_with_the_command(champion):
    champion().save(dataclasses.replace(_release("1"), policy="approval"))
    with pytest.raises(
        NoChampionError,
        match=r"waits; run `kedro churn approve 1\.0\.0`; once it is approved, "
        "`kedro churn resume` does what is left of this run$",
    ):
        champion().load()


def test_what_was_saved_and_passed_is_loaded(champion):
    champion().save(_release("1"))
    assert champion().load().manifest.version == "1"
    assert champion().exists()


def test_a_damaged_champion_raises_or_is_reported(champion, tmp_path):
    champion().save(_release("1"))
    (tmp_path / "models/released/1/model.onnx").unlink()
    with pytest.raises(Exception, match=r"model\.onnx"):
        champion().load()
    reported = champion(to_compare=True).load()
    assert isinstance(reported, ArtifactError)
    assert "model.onnx" in str(reported)


def _tried(version, compared_with, **changes):
    given = {"policy": "canary", "compared_with": compared_with, "canary": STEPS}
    return replace(_release(version), **{**given, **changes})


def test_the_first_champion_is_tried_beside_nobody(champion, tmp_path):
    champion().save(_tried(FIRST, None))
    assert champion().load().manifest.version == FIRST
    assert not (tmp_path / "rollout.json").exists()


def test_a_model_that_passed_is_tried_and_waits_for_approval(champion, tmp_path):
    champion().save(_release(FIRST))
    for _ in range(2):  # a resumed run begins no second one
        champion().save(_tried(SECOND, FIRST))
    assert champion().load().manifest.version == FIRST
    assert champion().releases.waiting() == (SECOND,)
    state = Rollout(tmp_path / "rollout.json").state
    assert (state.challenger, state.percentage, state.version) == (SECOND, 2.0, 1)
    assert state.canary.steps == (2.0, 100.0)


def test_a_model_that_did_not_pass_is_not_tried(champion, tmp_path):
    champion().save(_release(FIRST))
    champion().save(_tried(SECOND, FIRST, approved=False, reasons=("worse",)))
    assert not (tmp_path / "rollout.json").exists()


def test_a_model_with_a_failed_check_waits_and_is_tried_on_nobody(champion, tmp_path):
    champion().save(_release(FIRST))
    champion().save(_tried(SECOND, FIRST, review=reviewed("bias: age")))
    assert champion().releases.waiting() == (SECOND,)
    assert not (tmp_path / "rollout.json").exists()

"""A model is judged beside the champion, and the gate says why it passes or not."""

import datetime as dt

import numpy as np

from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.release.reigning import Reigning
from tests.factories import tiny_artifact, tiny_refit
from tests.pipelines.evaluation.inputs import FEATURE_SET, evaluate, score


def test_a_good_first_model_passes_against_the_base_rate(first):
    assert first["gate_verdict"]["approved"]
    assert first["champion_comparison"]["champion"]["state"] == "none"


def test_the_same_model_again_is_not_worth_the_change(against_itself):
    comparison = against_itself["champion_comparison"]
    assert comparison["differences"]["log_loss"]["improvement"] == 0
    verdict = against_itself["gate_verdict"]
    assert not verdict["approved"]
    assert "surely better by more than 0, got better by +0.0 (" in verdict["reasons"][0]


def test_a_damaged_champion_is_a_no_with_the_reason(inputs):
    damaged = ArtifactError("expected the file model.onnx, found none")
    verdict = evaluate({**inputs, "reigning_champion": damaged})["gate_verdict"]
    assert not verdict["approved"]
    assert "model.onnx, found none" in verdict["reasons"][0]


class _Blind:
    """A model that does without `plan`."""

    def __init__(self, artifact):
        kept = tuple(f for f in artifact.manifest.features if f.name != "plan")
        self.manifest = artifact.manifest.model_copy(update={"features": kept})

    def predict(self, columns):
        assert "plan" not in columns
        return np.full(len(columns["tenure_months"]), 0.3)


def test_a_champion_whose_features_are_gone_is_a_no_with_the_reason(inputs):
    rows = inputs["model_input"].rename(columns={"plan": "tariff"})
    features = [f for f in FEATURE_SET["features"] if f["name"] != "plan"]
    scored = score(
        inputs,
        artifact=_Blind(inputs["artifact"]),
        model_input=rows,
        feature_set={**FEATURE_SET, "features": features, "segments": []},
        reigning_champion=Reigning(tiny_artifact("1"), tiny_artifact("1")),
    )
    assert scored["champion"]["state"] == "unusable"
    assert "missing are 1: plan" in scored["champion"]["reason"]


def test_a_champion_answers_as_it_was_before_it_saw_the_test_rows(inputs):
    measured = tiny_artifact("1")
    served = tiny_refit(measured)
    rows = inputs["model_input"].query("split == 'test'")
    scored = score(inputs, reigning_champion=Reigning(served, measured))
    answers = scored["rows"]["champion_probability"]
    first = rows["observation_date"].min()
    seen = served.manifest.fitted
    assert seen.labels_until <= first
    np.testing.assert_array_equal(answers, served.predict(rows))

    late = served.restated(
        fitted=seen.model_copy(update={"labels_until": first + dt.timedelta(days=1)})
    )
    scored = score(inputs, reigning_champion=Reigning(late, measured))
    np.testing.assert_array_equal(
        scored["rows"]["champion_probability"], measured.predict(rows)
    )
    assert scored["champion"]["digest"] == measured.manifest.digest

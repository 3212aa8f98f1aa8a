"""The training pipeline on a small made-up table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.models.conformal import fit_conformal
from churn_pipeline.pipelines.training import create_pipeline
from churn_pipeline.pipelines.training.package import code_hash
from churn_pipeline.pipelines.training.params import Training
from tests.factories import DECISION
from tests.pipelines.in_memory import run_in_memory
from tests.pipelines.training.inputs import DATASET, FEATURE_SET, model_input, training

FAMILIES = ("net", "logistic", "boosting")


def run(folder: Path) -> dict[str, object]:
    """Run the pipeline with everything in memory; return what it wrote."""
    given = {
        "model_input": model_input(),
        "feature_set": FEATURE_SET,
        "params:dataset": DATASET,
        "params:training": training(folder),
        "params:seed": 42,
        "params:decision": DECISION,
        "params:feature_engineering": FeatureEngineering(),
    }
    return run_in_memory(create_pipeline(), given)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return run(tmp_path_factory.mktemp("study"))


def test_the_candidate_with_the_least_held_out_log_loss_is_the_artifact(written):
    candidates = written["candidates"]
    losses = {name: candidates[name]["held_out"]["log_loss"] for name in FAMILIES}
    chosen = min(losses, key=lambda name: losses[name])
    manifest = written["artifact"].manifest
    assert manifest.family == chosen
    assert [name for name in FAMILIES if candidates[name]["chosen"]] == [chosen]
    assert manifest.metrics == candidates[chosen]["test"]
    assert manifest.threshold == candidates[chosen]["threshold"]
    assert set(manifest.baselines) == set(FAMILIES) - {chosen}


def test_test_predictions_are_the_candidates_answers(written):
    rows = model_input().query("split == 'test'").reset_index(drop=True)
    predictions = written["test_predictions"]
    assert predictions["customer_id"].tolist() == rows["customer_id"].tolist()
    for name in FAMILIES:
        answers = written["trained_candidates"][name].predict(rows)
        np.testing.assert_array_equal(predictions[name], answers)


def test_the_manifest_tells_features_categories_and_origin(written):
    manifest = written["artifact"].manifest
    assert [f.name for f in manifest.features] == ["use", "income", "plan", "town"]
    assert manifest.categories["plan"] == ("basic", "plus", "premium")
    assert manifest.dataset == "made_up"
    assert manifest.hashes.code == code_hash()
    assert {"onnxruntime", "torch"} <= set(manifest.packages)


def test_the_manifest_tells_who_is_called_and_how_sure_the_model_is(written):
    manifest = written["artifact"].manifest
    assert manifest.decision == DECISION
    known = written["held_out_predictions"].dropna(subset=[manifest.family])
    assert manifest.conformal.coverage == Training().calibration.coverage
    assert manifest.conformal.n_churners == known["label"].sum()
    assert manifest.conformal.n_stayers == (1 - known["label"]).sum()
    limits = fit_conformal(
        known[manifest.family].to_numpy(),
        known["label"].to_numpy(),
        coverage=manifest.conformal.coverage,
    )
    assert limits == manifest.conformal


def test_golden_rows_cover_missing_and_never_seen_values(written):
    columns, answers = written["artifact"].golden
    assert len(answers) >= 16
    assert None in columns["use"]
    assert "never seen" in columns["town"]
    assert "" in columns["plan"]


def test_the_same_data_and_parameters_give_the_same_artifact(written, tmp_path):
    assert run(tmp_path)["artifact"].files == written["artifact"].files


def test_each_finished_trial_is_a_flat_row(written):
    trials = written["tuning_trials"]
    assert trials["number"].tolist() == [0, 1]
    assert {"state", "value", "seconds", "params.dropout"} <= set(trials.columns)
    assert [trace.name for trace in written["tuning_plot"].data] == [
        "complete",
        "pruned",
        "best so far",
    ]

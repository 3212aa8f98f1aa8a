"""The evaluation pipeline on a small company whose true churn probability is known."""

import datetime as dt
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import CustomerValue, Decision
from churn_pipeline.evaluation.metrics import point_metrics
from churn_pipeline.evaluation.profit import gains, profit_curve
from churn_pipeline.pipelines.evaluation import create_pipeline, nodes
from churn_pipeline.pipelines.evaluation.params import Evaluation
from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.release.reigning import Reigning
from tests.conftest import ROOT
from tests.factories import tiny_artifact, tiny_refit
from tests.pipelines.evaluation_inputs import FEATURE_SET, made_up_inputs

DATASET = Dataset.model_validate(
    {
        "name": "tiny",
        "shape": "events",
        "tables": {"transactions": {"customer_id": "id", "time": "at"}},
        "label": {"rule": "inactivity", "horizon_days": 60},
    }
)
DECISION = Decision(800, 4, 40, 0.3, 0.5)


def _params(env="test"):
    text = (ROOT / f"conf/{env}/parameters_evaluation.yml").read_text("utf-8")
    return Evaluation.model_validate(yaml.safe_load(text)["evaluation"])


@pytest.fixture(scope="module")
def inputs():
    return made_up_inputs()


class Kept(MemoryDataset):
    """Keeps what a runner would let go once nothing reads it any more."""

    def _release(self):
        pass


def _run(inputs, decision=DECISION):
    pipeline = create_pipeline()
    given = {
        **{name: inputs[name] for name in pipeline.inputs() if name in inputs},
        "params:decision": decision,
        "params:evaluation": _params(),
        "params:seed": 1,
        "params:dataset": DATASET,
    }
    catalog = DataCatalog(
        {name: Kept() for name in pipeline.datasets() - set(given)}
        | {n: MemoryDataset(v, copy_mode="assign") for n, v in given.items()}
    )
    SequentialRunner().run(pipeline, catalog)
    return {name: catalog.load(name) for name in pipeline.all_outputs()}


def _score(inputs, **change):
    given = {**inputs, "decision": DECISION, **change}
    return nodes.score_test_rows(**given)


@pytest.fixture(scope="module")
def first(inputs):
    return _run(inputs)


@pytest.fixture(scope="module")
def against_itself(inputs):
    reigning = Reigning(inputs["artifact"], inputs["artifact"])
    return _run({**inputs, "reigning_champion": reigning})


def test_metrics_are_those_of_the_artifact_on_the_test_split(inputs, first):
    rows = inputs["model_input"].query("split == 'test'")
    artifact = inputs["artifact"]
    expected = point_metrics(
        rows["label"], artifact.predict(rows), artifact.manifest.threshold
    )
    found = first["metrics"]
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert found["n_customers"] == 300


def test_every_headline_metric_lies_within_its_interval(first):
    metrics = first["metrics"]
    for name in ("roc_auc", "log_loss", "profit", "f1"):
        assert metrics[f"{name}_low"] <= metrics[name] <= metrics[f"{name}_high"]


def test_the_calibration_error_stands_beside_what_chance_gives(first):
    metrics = first["metrics"]
    for prefix in ("", "baselines.net.", "baselines.logistic."):
        noise = metrics[f"{prefix}calibration_error_noise"]
        assert 0 < noise < 0.1
        assert f"{prefix}calibration_error_low" not in metrics
    assert (first["segment_metrics"]["calibration_error_noise"] > 0).all()


def test_the_ceiling_is_that_of_the_true_probability(inputs, first):
    rows = inputs["model_input"].query("split == 'test'")
    true = inputs["true_churn_probability"].execute()["churn_probability"]
    metrics = first["metrics"]
    ceiling = point_metrics(rows["label"], true, 0.5)["roc_auc"]
    assert metrics["ceiling_roc_auc"] == pytest.approx(ceiling)
    assert metrics["share_of_ceiling"] == pytest.approx(
        (metrics["roc_auc"] - 0.5) / (ceiling - 0.5)
    )


def test_without_the_truth_of_every_row_there_is_no_ceiling(inputs):
    truth = inputs["true_churn_probability"]
    for known in (None, truth.limit(100)):
        found = _run({**inputs, "true_churn_probability": known})["metrics"]
        assert not [name for name in found if "ceiling" in name]


def test_candidates_stand_beside_the_model(inputs, first):
    metrics = first["metrics"]
    assert metrics["baselines.net.roc_auc"] == pytest.approx(metrics["roc_auc"])
    assert metrics["baselines.logistic.log_loss"] != metrics["log_loss"]


def test_small_groups_are_marked_and_have_no_intervals(first):
    table = first["segment_metrics"].set_index("level")
    assert bool(table.loc["(missing)", "small"])
    assert np.isnan(table.loc["(missing)", "roc_auc_low"])
    assert not table.loc["basic", "small"]
    assert table["n_rows"].sum() == 600


def test_fairness_counts_everybody(first):
    table = first["fairness"].set_index("group")
    assert set(table.index) == {"female", "male"}
    assert table["n_rows"].sum() == 600


def test_a_good_first_model_passes_against_the_base_rate(first):
    assert first["gate_verdict"]["approved"]
    assert first["champion_comparison"]["champion"]["state"] == "none"


def test_the_same_model_again_is_not_worth_the_change(against_itself):
    comparison = against_itself["champion_comparison"]
    assert comparison["differences"]["log_loss"]["improvement"] == 0
    verdict = against_itself["gate_verdict"]
    assert not verdict["approved"]
    assert (
        "surely better by more than 0, got better by +0.00000" in verdict["reasons"][0]
    )


def test_importance_of_the_same_model_is_stable(against_itself):
    (check,) = (
        c
        for c in against_itself["behavioural_tests"]
        if c["name"] == "importance_stability"
    )
    assert check["passed"] is True
    assert check["value"] == pytest.approx(1.0)


def test_importance_is_that_of_the_artifact_beside_the_champion(first, against_itself):
    table = first["feature_importance"].set_index("topic")
    assert table["importance"].is_monotonic_decreasing
    assert table.index[0] == "tenure_months"
    assert table["features"].tolist() == table.index.tolist()
    assert table["champion_importance"].isna().all()
    both = against_itself["feature_importance"]
    assert both["champion_importance"].tolist() == both["importance"].tolist()


def test_a_damaged_champion_is_a_no_with_the_reason(inputs):
    damaged = ArtifactError("expected the file model.onnx, found none")
    verdict = _run({**inputs, "reigning_champion": damaged})["gate_verdict"]
    assert not verdict["approved"]
    assert "model.onnx, found none" in verdict["reasons"][0]


def test_a_champion_whose_features_are_gone_is_a_no_with_the_reason(inputs):
    rows = inputs["model_input"].rename(columns={"plan": "tariff"})
    features = [f for f in FEATURE_SET["features"] if f["name"] != "plan"]
    scored = _score(
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
    scored = _score(inputs, reigning_champion=Reigning(served, measured))
    answers = scored["rows"]["champion_probability"]
    first = rows["observation_date"].min()
    seen = served.manifest.fitted
    assert seen.labels_until <= first
    np.testing.assert_array_equal(answers, served.predict(rows))

    late = served.restated(
        fitted=seen.model_copy(update={"labels_until": first + dt.timedelta(days=1)})
    )
    scored = _score(inputs, reigning_champion=Reigning(late, measured))
    np.testing.assert_array_equal(
        scored["rows"]["champion_probability"], measured.predict(rows)
    )
    assert scored["champion"]["digest"] == measured.manifest.digest


class _Blind:
    """A model that does without `plan`."""

    def __init__(self, artifact):
        kept = tuple(f for f in artifact.manifest.features if f.name != "plan")
        self.manifest = artifact.manifest.model_copy(update={"features": kept})

    def predict(self, columns):
        assert "plan" not in columns
        return np.full(len(columns["tenure_months"]), 0.3)


def test_no_test_rows_is_an_error_that_says_what_to_do(inputs):
    rows = inputs["model_input"].query("split == 'train'")
    with pytest.raises(ValueError, match=r"split test .* got splits \['train'\]"):
        _score(inputs, model_input=rows)


def test_dates_join_whatever_their_type(inputs):
    rows = inputs["model_input"]
    dated = rows.assign(observation_date=pd.to_datetime(rows["observation_date"]))
    scored = _score(inputs, model_input=dated)["rows"]
    assert scored["candidate_net"].notna().all()
    assert scored["true_churn_probability"].notna().all()


@pytest.mark.parametrize("env", ["base", "test"])
def test_parameters_as_written_are_valid(env):
    assert _params(env).resamples >= 20


def test_every_figure_says_what_it_shows_and_is_small(first):
    figures = [value for name, value in first.items() if name.endswith("_plot")]
    assert len(figures) == 8
    for figure in figures:
        assert len(figure.layout.title.text) > 20
        assert "nan" not in figure.layout.title.text
        assert len(figure.to_json()) < 200_000


def test_the_card_is_one_small_page_with_everything(first, inputs):
    page = first["model_card"]
    assert len(page.encode()) < 200_000
    assert "<script" not in page
    assert "http" not in page
    assert page.count("<svg") == 4
    for part in (
        inputs["artifact"].manifest.version,
        inputs["artifact"].manifest.hashes.data,
        "The gate lets this model pass.",
        "base rate for everybody",
        "true hazard (the ceiling)",
        "buys nothing within 60 days",
        "plan: basic",
        "plan: (missing) (too few to judge)",
        "gender: female",
        f"{first['metrics']['roc_auc']:.3f}",
    ):
        assert part in page
    assert "nan" not in re.sub("<style.*?</style>", "", page, flags=re.S).split()


def test_a_certainty_that_does_not_hold_is_told_on_the_card(inputs, first):
    artifact, metrics = inputs["artifact"], first["metrics"]
    assert metrics["coverage"] == artifact.manifest.conformal.coverage == 0.8
    assert "surely less often than stated" not in first["model_card"]
    wrong = replace(artifact.manifest.conformal, leaves_from=0.6, stays_to=0.7)
    found = _run({**inputs, "artifact": artifact.restated(conformal=wrong)})
    assert found["metrics"]["coverage_of_churners_high"] < 0.8
    assert "surely less often than stated" in found["model_card"]


def test_by_value_the_calls_there_is_time_for_are_those_that_earn_most(inputs):
    costs = Decision(
        CustomerValue("monthly_charge", otherwise=800, times=12), 4, 40, 0.3, 0.5, 60
    )
    artifact = inputs["artifact"].restated(decision=costs.of_the_model)
    metrics = _run({**inputs, "artifact": artifact}, costs)["metrics"]
    rows = inputs["model_input"].query("split == 'test'").reset_index(drop=True)
    value, p = costs.values(rows, len(rows)), artifact.predict(rows)
    gain = gains(rows["label"], costs, value)
    # 60 calls of 600 customers at the newest date: of 600 test rows the best 60.
    best = np.argsort(-costs.expected(p, value))[:60]
    assert metrics["contacted_share_at_capacity"] == pytest.approx(0.1)
    assert metrics["profit_at_capacity"] == pytest.approx(gain[best].sum() / 600)
    assert metrics["recall_at_capacity"] == pytest.approx(
        rows["label"][best].sum() / rows["label"].sum()
    )
    called = p >= costs.threshold(value)
    assert metrics["profit"] == pytest.approx((gain * called).mean())
    assert metrics["profit_at_capacity_low"] < metrics["profit_at_capacity"]
    top = profit_curve(rows["label"], p, costs, value).profit.max()
    assert metrics["profit_at_top_of_curve"] == pytest.approx(top)


def test_the_base_rate_does_not_look_calibrated_best(first):
    (row,) = re.findall(r"<tr.*base rate for everybody.*</tr>", first["model_card"])
    assert re.findall("<td>(.*?)</td>", row)[4] == "-"


def test_the_card_explains_every_feature_it_draws_and_links_the_drift(first, inputs):
    page = first["model_card"]
    version = inputs["artifact"].manifest.version
    assert f'href="../../drift_report.html/{version}/drift_report.html"' in page
    for feature in inputs["artifact"].manifest.features:
        if feature.description:
            assert f"<code>{feature.name}</code>: {feature.description}" in page


def test_the_card_says_what_chance_gives_beside_the_calibration_error(first):
    noise = 100 * first["metrics"]["calibration_error_noise"]
    assert f"would show up to {noise:.1f} by chance" in first["model_card"]


def test_the_card_of_a_refused_model_says_why(against_itself):
    page = against_itself["model_card"]
    assert "The gate refuses this model." in page
    assert "surely better by more than 0" in page


def test_names_from_the_data_cannot_break_the_card(inputs):
    rows = inputs["model_input"].replace({"gender": {"male": "<b>male"}})
    page = _run({**inputs, "model_input": rows})["model_card"]
    assert "gender: &lt;b&gt;male" in page


def test_data_without_segments_or_sensitive_columns_has_a_card(inputs):
    bare = {**FEATURE_SET, "segments": [], "sensitive": []}
    found = _run({**inputs, "feature_set": bare})
    assert "No column is declared as sensitive" in found["model_card"]
    assert len(found["segment_metrics"]) == 0
    assert found["gate_verdict"]["approved"]

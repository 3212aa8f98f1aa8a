"""The evaluation's metrics, where the true churn probability is known."""

import numpy as np
import pytest

from churn_pipeline.evaluation.decision import CustomerValue, Decision
from churn_pipeline.evaluation.metrics import point_metrics
from churn_pipeline.evaluation.profit import gains, profit_curve
from tests.pipelines.evaluation.inputs import evaluate


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
        found = evaluate({**inputs, "true_churn_probability": known})["metrics"]
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


def test_by_value_the_calls_there_is_time_for_are_those_that_earn_most(inputs):
    costs = Decision(
        CustomerValue("monthly_charge", otherwise=800, times=12), 4, 40, 0.3, 0.5, 60
    )
    artifact = inputs["artifact"].restated(decision=costs.of_the_model)
    metrics = evaluate({**inputs, "artifact": artifact}, costs)["metrics"]
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


def test_every_figure_says_what_it_shows_and_is_small(first):
    figures = [value for name, value in first.items() if name.endswith("_plot")]
    assert len(figures) == 8
    for figure in figures:
        assert len(figure.layout.title.text) > 20
        assert "nan" not in figure.layout.title.text
        assert len(figure.to_json()) < 200_000

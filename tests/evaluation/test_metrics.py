"""Metrics against hand-computed values and scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sk

from churn_pipeline.evaluation.metrics import Ranking, point_metrics


def _sample(n=400, ties=True):
    rng = np.random.default_rng(7)
    probability = rng.random(n)
    if ties:
        probability = np.round(probability, 1)
    return (rng.random(n) < probability).astype(float), probability


@pytest.mark.parametrize("ties", [True, False])
def test_metrics_equal_scikit_learn(ties):
    y, p = _sample(ties=ties)
    found = point_metrics(y, p, 0.4)
    called = p >= 0.4
    expected = {
        "roc_auc": sk.roc_auc_score(y, p),
        "average_precision": sk.average_precision_score(y, p),
        "log_loss": sk.log_loss(y, p),
        "brier": sk.brier_score_loss(y, p),
        "accuracy": sk.accuracy_score(y, called),
        "precision": sk.precision_score(y, called),
        "recall": sk.recall_score(y, called),
        "f1": sk.f1_score(y, called),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("ties", [True, False])
def test_a_weight_counts_a_row_as_often_as_repeating_it(ties):
    y, p = _sample(ties=ties)
    weight = np.random.default_rng(1).integers(0, 4, y.size)
    repeated = np.repeat(np.arange(y.size), weight)
    by_weight = Ranking.of(y, p, threshold=0.4).measure(weight)
    by_copies = Ranking.of(y[repeated], p[repeated], threshold=0.4).measure()
    # Bins are those of the unweighted table, so this metric may differ.
    for name in ("calibration_error", "calibration_square"):
        del by_weight[name], by_copies[name]
    assert by_weight == pytest.approx(by_copies)


def test_top_decile_lift_is_churn_in_the_likeliest_tenth_over_the_rate():
    y = [1.0] + [0.0] * 8 + [1.0]
    p = np.linspace(0.9, 0.1, 10)
    assert point_metrics(y, p, 0.5)["top_decile_lift"] == pytest.approx(5.0)


def test_top_decile_lift_shares_ties_at_the_border():
    y = [1.0, 0.0] * 10
    assert point_metrics(y, [0.5] * 20, 0.5)["top_decile_lift"] == pytest.approx(1.0)


def test_calibration_error_is_the_distance_within_bins():
    y = np.array([1.0, 0.0] * 50 + [0.0] * 100)
    p = np.array([0.6] * 100 + [0.05] * 100)
    expected = 0.5 * (0.6 - 0.5) + 0.5 * 0.05
    assert point_metrics(y, p, 0.5)["calibration_error"] == pytest.approx(expected)


def test_calibration_error_does_not_depend_on_the_order_of_ties():
    y = np.array([1.0, 0.0, 0.0, 0.0] * 25)
    p = np.full(100, 0.25)
    assert point_metrics(y, p, 0.5)["calibration_error"] == pytest.approx(0.0)


def test_one_class_leaves_ranking_undefined_and_losses_defined():
    found = point_metrics([0.0, 0.0], [0.1, 0.2], 0.5)
    assert np.isnan(found["roc_auc"])
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.8]).mean())


@pytest.mark.parametrize(
    ("label", "probability", "message"),
    [
        ([], [], "at least 1, got shapes"),
        ([0.0, 1.0], [0.5], "one length"),
        ([0.0, np.nan], [0.5, 0.5], "expected labels 0 and 1, got also"),
        ([0.0, 2.0], [0.5, 0.5], r"got also \[2.0\]"),
        ([0.0, 1.0], [0.5, np.nan], "probabilities from 0 to 1, got 1 others"),
        ([0.0, 1.0], [0.5, 1.5], r"as \[1.5\]"),
    ],
)
def test_wrong_input_is_refused(label, probability, message):
    with pytest.raises(ValueError, match=message):
        point_metrics(label, probability, 0.5)

"""The figures tell right probabilities from wrong ones, and better from alike."""

from __future__ import annotations

import numpy as np

from benchmarks.quality.figures import against, calibration_slope, of_pool
from churn_pipeline.models.calibration import sigmoid

LOGIT = np.random.default_rng(0).normal(-1, 1.5, 4000)
LABEL = (np.random.default_rng(1).random(4000) < sigmoid(LOGIT)).astype(float)


def test_the_slope_is_1_of_right_probabilities_and_a_half_of_too_extreme_ones() -> None:
    right = calibration_slope(LABEL, sigmoid(LOGIT))
    assert abs(right - 1) < 0.08
    extreme = calibration_slope(LABEL, sigmoid(2 * LOGIT))
    assert abs(extreme - right / 2) < 1e-3


def test_only_wrong_probabilities_leave_the_calibration_band() -> None:
    right, wrong = (of_pool(LABEL, sigmoid(k * LOGIT)) for k in (1, 2))
    assert right["calibration_error"] < right["calibration_band"]
    assert wrong["calibration_error"] > wrong["calibration_band"]
    assert wrong["roc_auc"] == right["roc_auc"]
    assert wrong["log_loss"] > right["log_loss"]


def test_a_worse_peer_is_told_and_an_equal_one_is_not() -> None:
    noise = np.random.default_rng(2).normal(0, 1, 4000)
    given = {
        "net": sigmoid(LOGIT),
        "same": sigmoid(LOGIT),
        "worse": sigmoid(LOGIT + noise),
    }
    found = against("net", given, LABEL, np.arange(4000))
    assert found.keys() == {"same", "worse"}
    assert found["same"]["log_loss"] == [0, 0, 0]
    difference, low, high = found["worse"]["log_loss"]
    assert 0 < low < difference < high
    difference, low, high = found["worse"]["roc_auc"]
    assert low < difference < high < 0

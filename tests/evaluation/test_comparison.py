"""Paired comparison of two models."""

import numpy as np
import pytest

from churn_pipeline.evaluation.comparison import compare
from churn_pipeline.evaluation.metrics import Ranking


def _compare(mine, theirs, y, metrics=("log_loss", "roc_auc")):
    return compare(
        Ranking.of(y, mine, threshold=0.5),
        Ranking.of(y, theirs, threshold=0.5),
        np.arange(len(y)),
        metrics=metrics,
        resamples=200,
        confidence=0.95,
        seed=0,
    )


@pytest.fixture
def sample():
    rng = np.random.default_rng(2)
    p = rng.random(1500)
    return p, (rng.random(1500) < p).astype(float), rng


def test_a_better_model_is_better_by_every_metric_whichever_way_it_runs(sample):
    p, y, rng = sample
    worse = np.clip(p + rng.normal(0, 0.3, p.size), 0.01, 0.99)
    found = _compare(p, worse, y)
    for difference in found.values():
        assert difference.low > 0
        assert difference.improvement > 0
    log_loss = found["log_loss"]
    assert log_loss.improvement == pytest.approx(log_loss.theirs - log_loss.mine)
    turned = _compare(worse, p, y)["log_loss"]
    assert turned.improvement == pytest.approx(-log_loss.improvement)


def test_pairing_sees_a_difference_far_smaller_than_the_noise_of_either(sample):
    p, y, _ = sample
    difference = _compare(p, 0.9 * p + 0.05, y)["log_loss"]
    assert 0 < difference.low
    assert difference.high - difference.low < 0.03


def test_a_model_is_no_better_than_itself(sample):
    p, y, _ = sample
    difference = _compare(p, p, y)["log_loss"]
    assert (difference.improvement, difference.low, difference.high) == (0, 0, 0)


@pytest.mark.parametrize("apart", [0.0, 0.05])
def test_the_interval_of_the_calibration_covers_the_truth(apart):
    covered = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        p = rng.uniform(0.05, 0.5, 1000)
        y = (rng.random(1000) < p).astype(float)
        found = _compare(p + apart, p, y, metrics=("calibration_square",))
        one = found["calibration_square"]
        covered += one.low <= -(apart**2) <= one.high
    assert covered >= 27

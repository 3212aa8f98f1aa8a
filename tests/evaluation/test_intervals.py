"""Bootstrap intervals: what is drawn, and how wide they get."""

import numpy as np
import pytest

from churn_pipeline.evaluation import intervals
from churn_pipeline.evaluation.intervals import (
    bootstrap,
    calibration_noise,
    interval,
    with_intervals,
)
from churn_pipeline.evaluation.metrics import Ranking


def _ranking(n, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return Ranking.of((rng.random(n) < p).astype(float), p, threshold=0.5)


def test_rows_of_a_customer_are_drawn_together():
    p = np.random.default_rng(0).random(300)
    y = (np.random.default_rng(1).random(300) < p).astype(float)
    once = Ranking.of(y, p, threshold=0.5)
    twice = Ranking.of(np.repeat(y, 2), np.repeat(p, 2), threshold=0.5)
    ids = np.arange(300)
    alone = bootstrap({"m": once}, ids, resamples=20, seed=3)["m"]
    doubled = bootstrap({"m": twice}, np.repeat(ids, 2), resamples=20, seed=3)["m"]
    for metric in ("roc_auc", "log_loss", "recall"):
        assert doubled[metric] == pytest.approx(alone[metric])


def test_models_are_compared_on_the_same_resamples():
    ranking = _ranking(200)
    draws = bootstrap(
        {"a": ranking, "b": ranking}, np.arange(200), resamples=10, seed=1
    )
    assert np.array_equal(draws["a"]["log_loss"], draws["b"]["log_loss"])
    assert np.unique(draws["a"]["log_loss"]).size == 10


def test_the_number_drawn_at_a_time_changes_nothing(monkeypatch):
    ranking, ids = _ranking(200), np.arange(200)
    whole = bootstrap({"m": ranking}, ids, resamples=7, seed=1)["m"]["brier"]
    monkeypatch.setattr(intervals, "CELLS_AT_ONCE", 400)
    parts = bootstrap({"m": ranking}, ids, resamples=7, seed=1)["m"]["brier"]
    assert np.allclose(whole, parts, rtol=1e-12)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    covered = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        y = (rng.random(400) < 0.3).astype(float)
        ranking = Ranking.of(y, np.full(400, 0.3), threshold=0.5)
        draws = bootstrap({"m": ranking}, np.arange(400), resamples=100, seed=seed)
        low, high = interval(y.mean(), draws["m"]["churn_rate"], confidence=0.9)
        covered += low <= 0.3 <= high
    assert 47 <= covered <= 60


def _calibrated(seed, n=800, apart=0.0):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.02, 0.5, n)
    label = (rng.random(n) < p + apart).astype(float)
    return Ranking.of(label, p, threshold=0.5)


def _above_noise(apart):
    above = 0
    for seed in range(100):
        model = _calibrated(seed, apart=apart)
        noise = calibration_noise(model, redraws=200, confidence=0.95, seed=seed)
        above += model.measure()["calibration_error"] > noise
    return above


def test_a_calibrated_model_stays_below_its_noise_as_often_as_it_says():
    assert 1 <= _above_noise(apart=0.0) <= 11


def test_a_model_that_is_off_is_above_the_noise():
    assert _above_noise(apart=0.08) >= 95


def test_a_metric_that_is_mostly_undefined_has_no_interval():
    draws = np.array([0.5] * 8 + [np.nan] * 2)
    assert np.isnan(interval(0.5, draws, confidence=0.9)).all()


def test_intervals_stand_behind_their_metric():
    flat = with_intervals(
        {"brier": 0.2, "n_rows": 3.0}, {"brier": np.full(9, 0.2)}, confidence=0.9
    )
    assert flat == pytest.approx(
        {"brier": 0.2, "brier_low": 0.2, "brier_high": 0.2, "n_rows": 3.0}
    )

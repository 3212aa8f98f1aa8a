import numpy as np
import pytest

from churn_pipeline.models.calibration import (
    fit_calibration,
    fit_slope,
    sigmoid,
    to_logit,
)


def drawn(n_rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """True logits and labels drawn from them."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-1, 1.5, n_rows)
    return logit, (rng.random(n_rows) < sigmoid(logit)).astype(float)


def test_overconfident_logits_are_scaled_back_to_the_truth():
    logit, label = drawn(40_000)
    found = fit_calibration(2 * logit + 1, label, prior_rows=200)
    assert np.abs(found.probability(2 * logit + 1) - sigmoid(logit)).mean() < 0.005


def test_slopes_differ_where_the_ends_do():
    logit, label = drawn(40_000)
    bent = np.where(logit > 0, 2 * logit, logit)
    found = fit_calibration(bent, label, prior_rows=200)
    assert found.slope_high < 0.7
    assert found.slope_low > 0.8


def test_a_few_rows_hardly_move_the_slopes():
    logit, label = drawn(40)
    found = fit_calibration(3 * logit, label, prior_rows=10_000)
    assert found.slope_low == pytest.approx(1, abs=0.05)
    assert found.slope_high == pytest.approx(1, abs=0.05)


def test_the_map_rises_even_where_the_model_ranks_wrongly():
    logit, label = drawn(2000)
    found = fit_calibration(-logit, label, prior_rows=0)
    mapped = found.probability(np.linspace(-20, 20, 101))
    assert np.all(np.diff(mapped) >= 0)


def test_equal_logits_become_the_churn_rate():
    label = np.array([1.0] * 30 + [0.0] * 70)
    found = fit_calibration(np.zeros(100), label, prior_rows=0)
    assert found.probability(np.zeros(1))[0] == pytest.approx(0.3, abs=1e-4)


def test_logits_of_certainty_are_finite():
    assert np.all(np.isfinite(to_logit(np.array([0.0, 1.0]))))


def test_rows_of_the_prior_weigh_as_much_as_rows_that_were_held_out():
    logit, label = drawn(4000)
    timid = logit / 1.5
    few, many = (
        fit_calibration(np.tile(timid, n), np.tile(label, n), prior_rows=1000 * n)
        for n in (1, 3)
    )
    assert 1.1 < few.slope_low < 1.4
    assert many.slope_low == pytest.approx(few.slope_low, abs=1e-6)


def test_a_small_prior_lets_nearly_certain_rows_be_scaled():
    rng = np.random.default_rng(0)
    logit = rng.choice([-1.0, 1.0], 2000) * rng.uniform(4, 12, 2000)
    label = (rng.random(2000) < sigmoid(logit)).astype(float)
    found = fit_calibration(logit / 2, label, prior_rows=50)
    assert found.slope_low == pytest.approx(2, abs=0.4)
    assert found.slope_high == pytest.approx(2, abs=0.4)


def test_the_slope_of_doubled_logits_is_a_half():
    logit, label = drawn(40_000)
    assert fit_slope(2 * logit + 1, label) == pytest.approx(0.5, abs=0.02)

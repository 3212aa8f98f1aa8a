"""Distances do not grow with the samples; their p-values know chance from change."""

import numpy as np
import pytest

from churn_pipeline.monitoring.distance import (
    distance,
    holm,
    ks_distance,
    level_counts,
    missing_change,
    total_variation,
)


def test_ks_distance_is_the_largest_gap_between_the_shares_below():
    found = ks_distance(np.array([1.0, 2, 3, 4]), np.array([3.0, 4, 5, 6]))
    assert found.effect == 0.5


def test_ks_p_value_is_that_of_scipy():
    from scipy.stats import kstest

    rng = np.random.default_rng(1)
    one, other = rng.normal(size=900), rng.normal(0.1, 1, 700)
    expected = kstest(one, other)
    found = ks_distance(one, other)
    assert found.effect == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue, rel=0.05)


def test_total_variation_counts_missing_as_a_level():
    one = np.array(["a", "a", "b", "b"], object)
    other = np.array(["a", None, float("nan"), "b"], object)
    assert total_variation(one, other).effect == 0.5


def test_missing_is_told_from_an_empty_text():
    counts = level_counts(np.array(["", "a"], object), np.array([None, "a"], object))
    assert counts.tolist() == [[0, 1, 1], [1, 0, 1]]


def test_chi_square_p_value_is_that_of_scipy():
    from scipy.stats import chi2_contingency

    one = np.array(["a"] * 300 + ["b"] * 200, object)
    other = np.array(["a"] * 90 + ["b"] * 85, object)
    expected = chi2_contingency([[300, 200], [90, 85]], correction=False)
    assert total_variation(one, other).p_value == pytest.approx(expected.pvalue)


def test_rare_levels_alone_are_no_evidence():
    one = np.array(["a"] * 100, object)
    other = np.array(["a"] * 99 + ["new"], object)
    assert total_variation(one, other).p_value > 0.05


def test_a_number_that_goes_missing_has_moved_by_that_share():
    one = np.arange(1000.0)
    other = np.where(np.arange(1000) % 4 == 0, np.nan, one)
    found = distance(one, other, kind="number")
    assert found.effect == 0.25
    assert found.p_value < 1e-6


def test_missing_change_without_any_missing_is_chance():
    nothing = np.zeros(10, bool)
    found = missing_change(nothing, nothing)
    assert (found.effect, found.p_value) == (0.0, 1.0)


def test_a_column_missing_on_one_side_has_moved_altogether():
    found = distance(np.arange(50.0), np.full(50, np.nan), kind="number")
    assert found.effect == 1.0


def test_effect_stays_and_p_value_falls_as_samples_grow():
    small = distance(np.arange(20.0), np.arange(20.0) + 4, kind="number")
    large = distance(
        np.arange(20.0).repeat(500), np.arange(20.0).repeat(500) + 4, kind="number"
    )
    assert small.effect == large.effect
    assert small.p_value > 0.01
    assert large.p_value < 1e-6


def test_false_alarms_come_at_the_stated_rate():
    rng = np.random.default_rng(0)
    p_values = [
        distance(rng.normal(size=300), rng.normal(size=200), kind="number").p_value
        for _ in range(400)
    ]
    assert np.mean(np.array(p_values) < 0.05) <= 0.08


def test_an_empty_sample_is_refused():
    with pytest.raises(ValueError, match="got 0 reference and 3 current rows"):
        distance(np.array([]), np.arange(3.0), kind="number")


def test_holm_steps_down_and_stays_at_most_one():
    corrected = holm(np.array([0.5, 0.001, 0.9]))
    assert corrected.tolist() == [1.0, 0.003, 1.0]

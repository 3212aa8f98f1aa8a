"""Sequential tests: right by hand, narrow where it counts, and rarely ever wrong."""

import numpy as np
import pytest

from churn_pipeline.evaluation.sequential import (
    SMALLEST_ARM,
    Sums,
    bets_on_ratio,
    bets_over,
    bets_under,
    difference,
    evidence,
    paired,
)

RNG = np.random.default_rng


def _sums(values):
    values = np.asarray(values, float)
    return Sums.of(values, np.zeros(len(values), int), 1)


def test_the_difference_is_that_of_the_means():
    a, b = RNG(0).normal(0, 1, 500), RNG(1).normal(1, 1, 400)
    found = difference(_sums(a), _sums(b), level=0.05, planned=1000)
    assert found.difference == pytest.approx(b.mean() - a.mean())
    assert found.low < 1 < found.high
    assert found.verdict(lower_is_better=False) == "better"
    assert found.verdict(lower_is_better=True) == "worse"


def test_the_width_is_robbins_mixture():
    # By hand: 1,000 each of variance 1 are 500 of a single arm.
    values = np.tile([-1.0, 1.0], 500) * np.sqrt(999 / 1000)
    found = difference(_sums(values), _sums(values), level=0.05, planned=2000)
    doubled = 2 * np.log(20)
    prior = 500 / (doubled + np.log1p(doubled))
    expected = np.sqrt((500 + prior) * (np.log((500 + prior) / prior) + doubled)) / 500
    assert found.high == pytest.approx(expected)
    assert expected == pytest.approx(3.03 / np.sqrt(500), rel=0.01)


def test_too_few_customers_say_nothing():
    few, many = _sums(np.arange(SMALLEST_ARM - 1)), _sums(np.arange(10_000.0))
    found = difference(few, many, level=0.05, planned=1000)
    assert np.isinf(found.high)
    assert found.verdict(lower_is_better=True) == "not_yet"


def test_values_without_spread_say_nothing():
    same = _sums(np.ones(1000))
    assert np.isinf(difference(same, same, level=0.05, planned=1000).high)
    assert np.isinf(paired(same, level=0.05, planned=1000).high)


def test_a_rising_share_in_changing_times_makes_no_difference():
    # Equal models; the second period is worse for both, and most of the challenger's.
    rng = RNG(3)
    period_a = np.repeat([0, 1], [9_500, 500])
    period_b = np.repeat([0, 1], [500, 9_500])
    a = rng.normal(period_a, 1.0)
    b = rng.normal(period_b, 1.0)
    by_period = difference(
        Sums.of(a, period_a, 2), Sums.of(b, period_b, 2), level=0.05, planned=10_000
    )
    assert by_period.verdict(lower_is_better=True) == "not_yet"
    pooled = difference(_sums(a), _sums(b), level=0.05, planned=10_000)
    assert pooled.verdict(lower_is_better=True) == "worse"


def test_looks_at_running_sums_are_those_of_each_moment():
    a, b = RNG(4).normal(size=(2, 300))
    running = difference(Sums.running(a), Sums.running(b), level=0.05, planned=500)
    now = difference(_sums(a[:200]), _sums(b[:200]), level=0.05, planned=500)
    assert running.low[199] == pytest.approx(float(now.low))


def test_equal_arms_are_seldom_told_apart_however_often_one_looks():
    rng = RNG(5)
    a, b = rng.exponential(size=(2, 400, 3_000))
    found = difference(Sums.running(a), Sums.running(b), level=0.05, planned=3_000)
    alarms = ((found.low > 0) | (found.high < 0)).any(axis=-1).mean()
    assert alarms <= 0.05 + 0.03  # three standard errors


def test_pairs_need_fewer_customers_than_arms():
    rng = RNG(6)
    mood = rng.normal(0, 5, 1_000)
    a, b = mood + rng.normal(0, 1, 1_000), mood + rng.normal(-0.3, 1, 1_000)
    assert paired(_sums(b - a), level=0.05, planned=1_000).high < 0
    arms = difference(_sums(a), _sums(b), level=0.05, planned=1_000)
    assert arms.verdict(lower_is_better=True) == "not_yet"


def test_failures_that_follow_the_shares_are_no_evidence():
    assert evidence(bets_on_ratio(90, 9_000, 10, 1_000)) < 1
    assert evidence(bets_on_ratio(0, 0, 50, 1_000)) == 1  # nobody to compare with


def test_ten_failures_of_a_twentieth_of_the_answers_are_evidence():
    assert evidence(bets_on_ratio(2, 1_900, 10, 100)) > 1_000


def test_bets_on_a_true_ratio_of_one_never_win_on_average():
    # Exactly: of 6 failures each falls to the challenger with its share, 0.3.
    from math import comb

    chance = [comb(6, k) * 0.3**k * 0.7 ** (6 - k) for k in range(7)]
    won = [np.exp(bets_on_ratio(6 - k, 700, k, 300)) for k in range(7)]
    np.testing.assert_allclose(np.average(won, axis=0, weights=chance), 1.0)


@pytest.mark.parametrize("bets", [bets_over, bets_under])
def test_bets_at_the_limit_never_win_on_average(bets):
    won = [np.exp(bets(bad, 1, 0.05)) for bad in (0, 1)]
    np.testing.assert_allclose(np.average(won, axis=0, weights=[0.95, 0.05]), 1.0)


def test_300_answers_without_a_failure_keep_a_limit_of_one_percent():
    assert evidence(bets_under(0, 500, 0.01)) > 20
    assert evidence(bets_under(10, 500, 0.01)) < 1
    assert evidence(bets_over(30, 500, 0.01)) > 20

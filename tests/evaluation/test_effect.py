"""What calls bring is found where there is something, and nowhere else."""

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from churn_pipeline.evaluation.effect import (
    Outcomes,
    mean_difference,
    measure,
    share_difference,
)


def _outcomes(rng, *, n, churn, called_churn, share=0.2):
    called = rng.random(n) >= share
    leaves = np.where(called, called_churn, churn)
    return Outcomes(
        called=called,
        churned=(rng.random(n) < leaves).astype(float),
        value=rng.gamma(2.0, 50.0, n),
        spend=np.full(n, 4.0),
        probability=np.full(n, churn),
        expected=np.full(n, 6.0),
        success_rate=np.full(n, 0.25),
    )


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (0, 30, 9, 40), (5, 5, 0, 3)])
def test_intervals_of_shares_are_those_of_statsmodels(counts):
    hits, of, other, other_of = counts
    low, high = confint_proportions_2indep(hits, of, other, other_of, method="newcomb")
    found = share_difference(*counts, confidence=0.95)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)


def test_intervals_of_means_are_those_of_statsmodels():
    rng = np.random.default_rng(0)
    first, second = rng.normal(5, 2, 40), rng.normal(4, 6, 13)
    compared = CompareMeans(DescrStatsW(first), DescrStatsW(second))
    expected = compared.tconfint_diff(alpha=0.1, usevar="unequal")
    found = mean_difference(first, second, confidence=0.9)
    assert (found.low, found.high) == pytest.approx(expected)


def test_intervals_cover_the_truth_as_often_as_stated():
    rng = np.random.default_rng(1)
    held = {"change": 0, "profit": 0}
    for _ in range(600):
        rows = _outcomes(rng, n=600, churn=0.3, called_churn=0.22)
        found = measure(rows, confidence=0.9)
        held["change"] += found.change.low <= -0.08 <= found.change.high
        held["profit"] += found.profit.low <= 0.08 * 100 - 4 <= found.profit.high
    # 600 draws at 0.9 leave 0.862 to 0.938 in 998 of 1,000 cases.
    assert 0.862 <= held["change"] / 600 <= 0.938
    assert 0.862 <= held["profit"] / 600 <= 0.938


def test_calls_that_do_nothing_are_seldom_taken_for_more():
    rng = np.random.default_rng(2)
    told = [
        measure(
            _outcomes(rng, n=400, churn=0.3, called_churn=0.3),
            confidence=0.95,
        ).says
        for _ in range(400)
    ]
    assert told.count("not_sure") >= 0.92 * 400


def test_sleeping_dogs_and_success_are_told_apart():
    rng = np.random.default_rng(3)
    woken = _outcomes(rng, n=3000, churn=0.1, called_churn=0.2)
    saved = _outcomes(rng, n=3000, churn=0.3, called_churn=0.2)
    assert measure(woken, confidence=0.95).says == "more_leave"
    found = measure(saved, confidence=0.95)
    assert found.says == "fewer_leave"
    assert found.expected_change == pytest.approx(-0.25 * 0.3)
    assert found.called + found.control == 3000


def test_of_a_small_group_nothing_is_said():
    called = np.arange(200) < 171
    rows = Outcomes(called, (~called).astype(float), *np.ones((5, 200)))
    found = measure(rows, confidence=0.95)
    assert found.control == 29
    assert found.change.high < 0
    assert found.says == "not_sure"


def test_without_a_control_group_there_is_nothing_to_compare():
    rows = Outcomes(np.ones(5, dtype=bool), *np.ones((6, 5)))
    with pytest.raises(ValueError, match=r"got 5 and 0; set `scoring.control_share`"):
        measure(rows, confidence=0.95)

"""Profit by hand; the threshold is the break-even, the top of the curve a check."""

import numpy as np
import pytest

from churn_pipeline.evaluation.profit import (
    draw_tops,
    gains,
    profit,
    profit_curve,
    top_of_curve,
)
from tests.factories import COSTS


def earned_from(y, p, threshold):
    return float(np.mean((np.asarray(p) >= threshold) * gains(y, COSTS)))


def test_profit_is_the_gain_of_those_contacted_per_customer():
    earned = profit([1, 0, 1, 0], [0.9, 0.8, 0.1, 0.0], COSTS)
    assert earned == pytest.approx((0.5 * 90 - 1 - (1 + 0.4 * 10)) / 4)


def test_contacting_nobody_earns_nothing():
    assert profit([1, 0], [0.1, 0.0], COSTS) == 0.0


def test_profit_counts_each_customer_by_what_they_are_worth():
    # Break-even: 5 / (0.5 x 390 + 4) and 5 / (0.5 x 30 + 4) = 0.26.
    earned = profit([1, 1], [0.2, 0.2], COSTS, [400.0, 40.0])
    assert earned == pytest.approx((0.5 * 390 - 1) / 2)


def test_the_top_of_the_curve_earns_most_on_its_rows():
    y = np.array([1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    p = np.linspace(0.8, 0.05, y.size)
    top, most = top_of_curve(y, p, COSTS)
    assert top == pytest.approx((p[4] + p[5]) / 2)
    everywhere = [earned_from(y, p, t) for t in np.linspace(0, 1, 1001)]
    assert most == pytest.approx(max(everywhere))
    assert earned_from(y, p, top) == pytest.approx(most)


def test_the_top_of_the_curve_contacts_nobody_where_that_never_pays():
    top, most = top_of_curve([0, 0, 0], [0.4, 0.2, 0.1], COSTS)
    assert (top, most) == (pytest.approx(0.7), 0.0)


def test_nobody_is_contacted_even_if_sure_to_leave_where_that_never_pays():
    p = np.array([1.0, np.nextafter(1, 0), 0.2])
    top, most = top_of_curve([0, 0, 0], p, COSTS)
    assert most == 0.0
    assert not (p >= top).any()
    curve = profit_curve([0, 0, 0], p, COSTS)
    assert not (p >= curve.threshold[0]).any()


def test_the_top_tells_apart_probabilities_that_are_next_to_each_other():
    below = np.nextafter(0.75, 0)
    for p in ([0.75, below], [below, np.nextafter(below, 0)]):
        top, most = top_of_curve([1, 0], p, COSTS)
        assert (np.array(p) >= top).tolist() == [True, False]
        assert most == pytest.approx(44 / 2)


def test_with_calibrated_probabilities_the_top_agrees_within_its_interval():
    rng = np.random.default_rng(0)
    p = rng.beta(1, 6, 20_000)
    y = (rng.random(p.size) < p).astype(float)
    who = np.arange(p.size)
    tops = draw_tops(y, p, COSTS, customer=who, resamples=200, seed=1)
    low, high = np.quantile(tops, [0.025, 0.975])
    assert low < COSTS.break_even < high < 1.3 * low
    _, most = top_of_curve(y, p, COSTS)
    assert profit(y, p, COSTS) > 0.99 * most
    again = draw_tops(y, p, COSTS, customer=who, resamples=200, seed=1)
    assert tops.tolist() == again.tolist()


def test_the_rows_of_a_customer_are_drawn_together():
    y, p = np.array([1.0, 0.0] * 50), np.linspace(0.9, 0.01, 100)
    alike = draw_tops(y, p, COSTS, customer=np.zeros(100), resamples=5, seed=0)
    assert set(alike) == {top_of_curve(y, p, COSTS)[0]}


def test_profit_curve_runs_from_nobody_to_everybody():
    curve = profit_curve([1, 0, 0], [0.2, 0.9, 0.2], COSTS)
    assert curve.share.tolist() == pytest.approx([0, 1 / 3, 1])
    assert curve.threshold.tolist() == [1.0, 0.9, 0.2]
    assert curve.profit.tolist() == pytest.approx([0, -5 / 3, (44 - 10) / 3])


def test_the_curve_contacts_first_of_whom_most_is_expected():
    # The second is half as likely to leave and worth ten times as much.
    curve = profit_curve([1, 1, 0], [0.8, 0.4, 0.1], COSTS, [100, 1000, 100])
    assert curve.threshold[1] == pytest.approx(0.4 * 499 / 49)
    assert curve.threshold[2:].tolist() == pytest.approx([0.8, 0.1])
    assert curve.threshold[0] > curve.threshold[1]
    assert curve.profit.tolist() == pytest.approx([0, 494 / 3, 538 / 3, 533 / 3])
    top, most = top_of_curve([1, 1, 0], [0.8, 0.4, 0.1], COSTS, [100, 1000, 100])
    assert (top, most) == (pytest.approx(0.45), pytest.approx(538 / 3))


def test_customers_of_one_value_make_the_same_curve_as_that_number():
    y, p = np.array([1.0, 0.0, 1.0]), np.array([0.7, 0.6, 0.2])
    one, each = profit_curve(y, p, COSTS), profit_curve(y, p, COSTS, np.full(3, 100.0))
    assert one.threshold.tolist() == each.threshold.tolist()
    assert one.profit.tolist() == each.profit.tolist()


def test_by_value_the_top_agrees_with_the_break_even_within_its_interval():
    rng = np.random.default_rng(3)
    p, value = rng.beta(1, 6, 20_000), rng.gamma(2.0, 50.0, 20_000)
    y = (rng.random(p.size) < p).astype(float)
    tops = draw_tops(
        y, p, COSTS, value, customer=np.arange(p.size), resamples=200, seed=1
    )
    low, high = np.quantile(tops, [0.025, 0.975])
    assert low < COSTS.break_even < high < 1.5 * low

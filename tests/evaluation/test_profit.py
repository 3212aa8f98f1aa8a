"""Profit by hand; the threshold is the break-even, the top of the curve a check."""

import numpy as np
import pytest

from churn_pipeline.evaluation.profit import (
    Decision,
    best_threshold,
    draw_tops,
    profit,
    profit_curve,
    top_of_curve,
)

COSTS = Decision(
    customer_value=100,
    contact_cost=1,
    offer_cost=10,
    success_rate=0.5,
    stayer_acceptance=0.4,
)


def test_profit_is_the_gain_of_those_contacted_per_customer():
    earned = profit([1, 0, 1, 0], [0.9, 0.8, 0.1, 0.0], 0.5, COSTS)
    assert earned == pytest.approx((0.5 * 90 - 1 - (1 + 0.4 * 10)) / 4)


def test_contacting_nobody_earns_nothing():
    assert profit([1, 0], [0.4, 0.3], 0.5, COSTS) == 0.0


def test_the_top_of_the_curve_earns_most_on_its_rows():
    y = np.array([1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    p = np.linspace(0.8, 0.05, y.size)
    top, most = top_of_curve(y, p, COSTS)
    assert top == pytest.approx((p[4] + p[5]) / 2)
    everywhere = [profit(y, p, t, COSTS) for t in np.linspace(0, 1, 1001)]
    assert most == pytest.approx(max(everywhere))
    assert profit(y, p, top, COSTS) == pytest.approx(most)


def test_the_top_of_the_curve_contacts_nobody_where_that_never_pays():
    top, most = top_of_curve([0, 0, 0], [0.4, 0.2, 0.1], COSTS)
    assert (top, most) == (pytest.approx(0.7), 0.0)


def test_the_threshold_is_the_break_even_and_never_below():
    threshold = best_threshold(COSTS)
    assert threshold == COSTS.break_even == pytest.approx(5 / 49)
    expected = COSTS.expected([threshold - 0.01, threshold, threshold + 0.01])
    assert expected[0] < 0 < expected[2]
    assert expected[1] == pytest.approx(0, abs=1e-12)


def test_with_calibrated_probabilities_the_top_agrees_within_its_interval():
    rng = np.random.default_rng(0)
    p = rng.beta(1, 6, 20_000)
    y = (rng.random(p.size) < p).astype(float)
    who = np.arange(p.size)
    tops = draw_tops(y, p, COSTS, customer=who, resamples=200, seed=1)
    low, high = np.quantile(tops, [0.025, 0.975])
    assert low < best_threshold(COSTS) < high < 1.3 * low
    _, most = top_of_curve(y, p, COSTS)
    assert profit(y, p, best_threshold(COSTS), COSTS) > 0.99 * most
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


def test_a_contact_at_the_break_even_probability_earns_nothing():
    at = COSTS.break_even
    assert at * COSTS.gain_of_churner + (1 - at) * COSTS.gain_of_stayer == (
        pytest.approx(0.0)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"success_rate": 1.5}, "decision.success_rate: expected a number from 0 to 1"),
        ({"offer_cost": -1}, "decision.offer_cost: expected .* got -1"),
        ({"contact_cost": float("nan")}, "decision.contact_cost"),
        ({"customer_value": 5}, "sure to leave must earn money"),
        ({"capacity": 0}, "decision.capacity: expected a whole number .* got 0"),
    ],
)
def test_impossible_costs_are_refused(change, message):
    values = {
        "customer_value": 100,
        "contact_cost": 1,
        "offer_cost": 10,
        "success_rate": 0.5,
        "stayer_acceptance": 0.4,
        **change,
    }
    with pytest.raises(ValueError, match=message):
        Decision(**values)

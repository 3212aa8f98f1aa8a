"""Profit by hand, and the threshold at its top."""

import numpy as np
import pytest

from churn_pipeline.evaluation.profit import (
    Decision,
    best_threshold,
    profit,
    profit_curve,
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


def test_best_threshold_is_the_top_of_the_curve():
    y = np.array([1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    p = np.linspace(0.8, 0.05, y.size)
    best = best_threshold(y, p, COSTS)
    assert best == pytest.approx((p[4] + p[5]) / 2)
    everywhere = [profit(y, p, t, COSTS) for t in np.linspace(0, 1, 1001)]
    assert profit(y, p, best, COSTS) == pytest.approx(max(everywhere))


def test_best_threshold_contacts_nobody_where_that_never_pays():
    assert best_threshold([0, 0, 0], [0.4, 0.2, 0.1], COSTS) == pytest.approx(0.7)


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

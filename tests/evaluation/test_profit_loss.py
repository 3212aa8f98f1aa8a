"""The loss in money: exact, proper, and steadier than the profit at one threshold."""

import numpy as np
import pytest
from scipy.stats import beta

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.profit import profit
from churn_pipeline.evaluation.profit_loss import profit_loss

COSTS = Decision(
    customer_value=600,
    contact_cost=5,
    offer_cost=50,
    success_rate=0.25,
    stayer_acceptance=0.5,
)


def lost_by_hand(label, probability, value):
    """The loss over 20,000 success rates, each with its own threshold."""
    rates = beta(5, 15).ppf((np.arange(20_000) + 0.5) / 20_000)
    break_even = 30 / (rates * (value - 50) + 25)
    gain = rates * (value - 50) - 5 if label else np.full(rates.size, -30.0)
    known = np.maximum(gain, 0)
    return float(np.mean(known - (probability >= break_even) * gain))


@pytest.mark.parametrize("value", [600.0, 2400.0, 80.0, 20.0])
@pytest.mark.parametrize("probability", [0.0, 0.05, 0.15, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("label", [0, 1])
def test_the_closed_form_is_the_mean_over_success_rates(label, probability, value):
    found = profit_loss(COSTS, [value])([label], [probability])
    by_hand = lost_by_hand(label, probability, value)
    assert found == pytest.approx(by_hand, abs=0.01)


@pytest.mark.parametrize("truth", [0.05, 0.12, 0.2, 0.35, 0.8])
def test_the_true_probability_loses_least(truth):
    loss, said = profit_loss(COSTS), np.linspace(0, 1, 201)
    expected = [truth * loss([1], [p]) + (1 - truth) * loss([0], [p]) for p in said]
    at_truth = truth * loss([1], [truth]) + (1 - truth) * loss([0], [truth])
    assert at_truth <= min(expected) + 1e-9
    assert at_truth < 0.9 * max(expected)


def test_knowing_who_leaves_loses_nothing():
    assert profit_loss(COSTS)([1, 0, 0], [1.0, 0.0, 0.0]) == 0.0


def test_what_a_stated_success_rate_of_one_means_is_the_plain_profit():
    sure = Decision(100, 1, 10, 1.0, 0.4)
    y, p = np.array([1.0, 0.0, 1.0]), np.array([0.5, 0.3, 0.01])
    left = profit(y, y, sure) - profit(y, p, sure)
    assert profit_loss(sure)(y, p) == pytest.approx(left)


def test_it_tells_the_better_of_two_models_more_often_than_the_profit_does():
    rng = np.random.default_rng(0)
    loss, right = profit_loss(COSTS), np.zeros(2)
    for _ in range(300):
        logit = rng.normal(-1.5, 1.2, 1000)
        y = (rng.random(1000) < 1 / (1 + np.exp(-logit))).astype(float)
        good = 1 / (1 + np.exp(-logit - rng.normal(0, 0.2, 1000)))
        bad = 1 / (1 + np.exp(-logit - rng.normal(0, 0.6, 1000)))
        right += (
            loss(y, good) < loss(y, bad),
            profit(y, good, COSTS) > profit(y, bad, COSTS),
        )
    assert right[0] > right[1] + 15


def test_values_of_other_rows_are_refused():
    with pytest.raises(ValueError, match="of the very rows that are judged"):
        profit_loss(COSTS, [600.0, 600.0])([1, 0, 1], [0.5, 0.5, 0.5])

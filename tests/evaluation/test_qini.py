"""Whether the order of a list holds is told where it can be, and by how much."""

import numpy as np
import pytest

from churn_pipeline.evaluation.effect import Outcomes, Sure, measure
from churn_pipeline.evaluation.qini import order_of_calls
from churn_pipeline.evaluation.sequential import SMALLEST_ARM

SPEND, LEAVES = 4.0, 0.5
SURE = Sure(confidence=0.95, planned=5000)


def _listed(rng, n, gains, *, share=0.3, sigma=0.0):
    """Return customers whom calls keep more often at one end of the list."""
    called, risk = rng.random(n) >= share, rng.random(n)
    leaves = LEAVES - called * gains(risk)
    value = 100 * rng.lognormal(0, sigma, n)
    return Outcomes(
        called=called,
        churned=(rng.random(n) < leaves).astype(float),
        value=value,
        spend=SPEND * rng.uniform(0.5, 1.5, n),
        probability=np.full(n, LEAVES),
        expected=value * risk,
        success_rate=np.full(n, 0.25),
        control_share=np.full(n, share),
    )


def _first_best(risk):
    return 0.4 * risk


def test_calls_that_keep_the_first_of_the_list_hold_its_order():
    rows = _listed(np.random.default_rng(0), 40_000, _first_best)
    found = order_of_calls(rows, SURE)
    assert found.says == "holds"
    assert found.share == pytest.approx([step / 10 for step in range(11)])
    # Of the first half 0.3 are kept on average, of all 0.2.
    assert found.kept[5].low < 0.15 < found.kept[5].high
    assert found.profit[5].low < 0.5 * (30 - SPEND) < found.profit[5].high
    # In tenths the curve 40 (s - s²/2) less its straight line has this area.
    share = np.linspace(0, 1, 11)
    truth = np.trapezoid(40 * (share - share**2 / 2) - 20 * share, share)
    assert found.qini.low < truth < found.qini.high


def test_an_order_that_is_upside_down_is_said_to_be():
    rows = _listed(np.random.default_rng(1), 40_000, lambda risk: 0.4 * (1 - risk))
    assert order_of_calls(rows, SURE).says == "reversed"


@pytest.mark.parametrize("sigma", [0.0, 1.0])
def test_the_whole_list_brings_what_the_effect_says(sigma):
    rows = _listed(np.random.default_rng(2), 4_000, _first_best, sigma=sigma)
    found, whole = order_of_calls(rows, SURE), measure(rows, SURE)
    assert found.kept[-1].value == pytest.approx(-whole.change.value)
    for end in ("value", "low", "high"):
        expected = getattr(whole.profit, end)
        assert getattr(found.profit[-1], end) == pytest.approx(expected)


def test_the_area_is_that_between_the_curve_and_its_line():
    rows = _listed(np.random.default_rng(3), 8_000, _first_best, sigma=1.0)
    found = order_of_calls(rows, SURE)
    share, curve = np.array(found.share), np.array([at.value for at in found.profit])
    area = np.trapezoid(curve - share * curve[-1], share)
    assert found.qini.value == pytest.approx(area)


@pytest.mark.parametrize("sigma", [0.0, 1.5])
def test_an_order_that_does_not_matter_is_seldom_taken_for_one_that_does(sigma):
    rng = np.random.default_rng(4)
    said = [
        order_of_calls(
            _listed(rng, 3_000, lambda risk: 0 * risk, share=0.1, sigma=sigma), SURE
        )
        for _ in range(100)
    ]
    told = [found.says for found in said if found is not None]
    assert len(told) > 90
    # Of 100 campaigns at 0.95 more than 12 miss in 1 of 1,000 cases.
    assert len(told) - told.count("not_sure") <= 12


@pytest.mark.parametrize("control", [0, 1, 2 * SMALLEST_ARM - 1])
def test_with_too_few_of_a_group_nothing_is_said(control):
    rows = _listed(np.random.default_rng(5), 2_000, _first_best)
    rows.called[:] = True
    rows.called[:control] = False
    assert order_of_calls(rows, SURE) is None

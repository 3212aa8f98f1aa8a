"""Whether the order of a list holds is told where it can be, and by how much."""

import numpy as np
import pytest

from churn_pipeline.evaluation.effect import FEWEST, Outcomes, measure
from churn_pipeline.evaluation.qini import order_of_calls

SPEND, VALUE, LEAVES = 4.0, 100.0, 0.5


def _listed(rng, n, gains, share=0.3):
    """Return customers whom calls keep more often at one end of the list."""
    called, risk = rng.random(n) >= share, rng.random(n)
    leaves = LEAVES - called * gains(risk)
    return Outcomes(
        called=called,
        churned=(rng.random(n) < leaves).astype(float),
        value=np.full(n, VALUE),
        spend=np.full(n, SPEND),
        probability=risk,
        expected=VALUE * risk,
        success_rate=np.full(n, 0.25),
    )


def _first_best(risk):
    return 0.4 * risk


def test_calls_that_keep_the_first_of_the_list_hold_its_order():
    found = order_of_calls(
        _listed(np.random.default_rng(0), 20_000, _first_best), confidence=0.95
    )
    assert found.says == "holds"
    assert found.share == pytest.approx([step / 10 for step in range(11)])
    # Of the first half 0.3 are kept on average, of all 0.2.
    assert found.kept[5].low < 0.15 < found.kept[5].high
    assert found.profit[5].low < 0.5 * (30 - SPEND) < found.profit[5].high


def test_an_order_that_is_upside_down_is_said_to_be():
    rows = _listed(np.random.default_rng(1), 20_000, lambda risk: 0.4 * (1 - risk))
    assert order_of_calls(rows, confidence=0.95).says == "reversed"


def test_the_whole_list_brings_what_the_effect_says():
    rows = _listed(np.random.default_rng(2), 3_000, _first_best)
    found, whole = (
        order_of_calls(rows, confidence=0.9),
        measure(rows, confidence=0.9),
    )
    assert found.kept[-1].value == pytest.approx(-whole.change.value)
    for end in ("value", "low", "high"):
        expected = getattr(whole.profit, end)
        assert getattr(found.profit[-1], end) == pytest.approx(expected)


def test_the_interval_of_qini_holds_the_truth_as_often_as_stated():
    rng, held = np.random.default_rng(3), 0
    # Calls of the first s keep 40 (s - s²/2) of money; of all, 20.
    share = np.linspace(0, 1, 11)
    truth = np.trapezoid(40 * (share - share**2 / 2) - 20 * share, share)
    for _ in range(400):
        rows = _listed(rng, 1_500, _first_best)
        found = order_of_calls(rows, confidence=0.9).qini
        held += found.low <= truth <= found.high
    # 400 draws at 0.9 leave 0.853 to 0.943 in 998 of 1,000 cases.
    assert 0.853 <= held / 400 <= 0.943


def test_an_order_that_does_not_matter_is_seldom_taken_for_one_that_does():
    rng = np.random.default_rng(4)
    said = [
        order_of_calls(_listed(rng, 800, lambda risk: 0.2), confidence=0.95).says
        for _ in range(100)
    ]
    # 100 draws at 0.95 leave at most 12 wrong ones in 998 of 1,000 cases.
    assert said.count("not_sure") >= 88


@pytest.mark.parametrize("control", [0, 1, 2 * FEWEST - 1])
def test_with_too_few_of_a_group_nothing_is_said(control):
    rows = _listed(np.random.default_rng(5), 2_000, _first_best)
    rows.called[:] = True
    rows.called[:control] = False
    assert order_of_calls(rows, confidence=0.95) is None

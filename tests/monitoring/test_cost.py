"""A move costs what the decisions lose by it, and nothing where none changes."""

import numpy as np
import pytest

from churn_pipeline.monitoring.cost import find_causes, pricing, undo
from churn_pipeline.monitoring.drift import Sample
from tests.factories import COSTS

NOW = np.datetime64("2024-09-01")
KINDS = {"x": "number", "idle": "number"}


def _sample(**columns):
    return Sample(columns, np.full(len(next(iter(columns.values()))), NOW))


def _predict(columns):
    return np.clip(np.asarray(columns["x"]) / 1000, 0, 1)


def _prices(now_x):
    idle = np.arange(1000.0)
    return pricing(
        _sample(x=np.arange(1000.0), idle=idle),
        _sample(x=now_x, idle=idle[::-1]),
        KINDS,
        predict=_predict,
        decision=COSTS,
        seed=0,
    )


def test_undoing_a_change_of_unit_gives_every_customer_their_value_back():
    rng = np.random.default_rng(0)
    before = rng.permutation(np.arange(500.0))
    now = rng.permutation(np.arange(500.0))
    assert np.array_equal(undo(before, now * 100, kind="number", rng=rng), now)


def test_undoing_nothing_changes_nothing():
    rng = np.random.default_rng(0)
    number = np.array([1.0, 1.0, 2.0, np.nan] * 50)
    text = np.array(["a", "b", None, "b"] * 50, object)
    assert np.array_equal(
        undo(number, number, kind="number", rng=rng), number, equal_nan=True
    )
    assert undo(text, text, kind="category", rng=rng).tolist() == text.tolist()


def test_as_many_values_are_missing_as_before():
    rng = np.random.default_rng(0)
    some = np.where(np.arange(1000) % 10 == 0, np.nan, 5.0)
    most = np.where(np.arange(1000) % 2 == 0, np.nan, 5.0)
    assert np.isnan(undo(some, most, kind="number", rng=rng)).sum() == 100
    assert np.isnan(undo(most, some, kind="number", rng=rng)).sum() == 500


def test_a_column_gone_altogether_is_drawn_from_the_reference():
    rng = np.random.default_rng(0)
    back = undo(np.arange(100.0), np.full(100, np.nan), kind="number", rng=rng)
    assert np.array_equal(np.sort(back), np.arange(100.0))


def test_categories_get_their_shares_back_and_no_more_move_than_must():
    rng = np.random.default_rng(0)
    before = np.array(["a"] * 800 + ["b"] * 200, object)
    now = np.array(["a"] * 200 + ["b"] * 700 + ["new"] * 100, object)
    back = undo(before, now, kind="category", rng=rng)
    assert (back == "a").mean() == pytest.approx(0.8, abs=0.03)
    assert (back[:200] == "a").all()


def test_what_changes_no_decision_costs_nothing():
    assert _prices(np.arange(1000.0)).loss(["x"]).cost == 0.0
    assert _prices(np.arange(1000.0) * 100).loss(["idle"]).cost == 0.0


def test_cost_is_what_the_calls_lose_by_a_wrong_unit():
    """Everybody looks like a churner and is called: the cost is that of the calls too
    many, each at what it is expected to earn by the true probability."""
    loss = _prices(np.arange(1000.0) * 1000 + 1000).loss(["x"])
    truth = np.arange(1000.0) / 1000
    too_many = truth < COSTS.break_even
    expected = -(too_many * COSTS.expected(truth, 100)).mean()
    assert loss.cost == pytest.approx(expected)
    assert loss.decisions_changed == pytest.approx(too_many.mean())
    assert loss.profit_change > 0, "the model believes in more churners to keep"


def test_calls_left_out_cost_what_they_would_have_earned():
    loss = _prices(np.zeros(1000)).loss(["x"])
    truth = np.arange(1000.0) / 1000
    earned = np.maximum(COSTS.expected(truth, 100), 0).mean()
    assert loss.cost == pytest.approx(earned)
    assert loss.profit_change == pytest.approx(-earned)


def test_causes_are_topics_the_costliest_first():
    prices = _prices(np.arange(1000.0) * 1000 + 1000)
    first, second = find_causes({"spending": ("x", "other")}, ["idle", "x"], prices)
    assert (first.name, first.columns) == ("spending", ("x",))
    assert (second.name, second.columns, second.cost) == ("idle", ("idle",), 0.0)

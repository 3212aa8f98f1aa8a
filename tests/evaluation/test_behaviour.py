"""Behavioural tests, each with a model that passes and one that does not."""

import numpy as np
import pytest

from churn_pipeline.evaluation.behaviour import (
    check_churn_rate,
    check_direction,
    check_missing,
    check_range,
    check_stability,
)

COLUMNS = {
    "complaints": np.array([0.0, 1.0, 2.0, np.nan, 4.0]),
    "plan": np.array(["a", "b", None, "a", "b"], dtype=object),
}


def _rising(columns):
    return np.nan_to_num(np.asarray(columns["complaints"], dtype=float)) / 10


@pytest.mark.parametrize("wrong", [1.1, -0.1, np.nan])
def test_range(wrong):
    assert check_range(np.array([0.0, 1.0])).passed is True
    found = check_range(np.array([0.5, wrong]))
    assert (found.passed, found.value) == (False, 1.0)


def test_missing_values():
    assert check_missing(_rising, COLUMNS).passed is True
    broken = check_missing(lambda columns: np.array([np.nan]), COLUMNS)
    assert broken.passed is False


@pytest.mark.parametrize(("direction", "passed"), [("up", True), ("down", False)])
def test_direction(direction, passed):
    found = check_direction(
        _rising, COLUMNS, feature="complaints", direction=direction, tolerance=0.01
    )
    assert found.passed is passed
    assert found.value == pytest.approx(0.31)


def test_a_small_move_the_other_way_is_let_pass():
    found = check_direction(
        _rising, COLUMNS, feature="complaints", direction="down", tolerance=0.5
    )
    assert found.passed is True


@pytest.mark.parametrize("feature", ["plan", "not there"])
def test_direction_of_what_is_no_number_does_not_apply(feature):
    found = check_direction(
        _rising, COLUMNS, feature=feature, direction="up", tolerance=0.0
    )
    assert found.passed is None
    assert "no number called" in found.message


@pytest.mark.parametrize(
    ("agreement", "passed"), [(0.8, True), (0.79, False), (np.nan, None)]
)
def test_stability(agreement, passed):
    assert check_stability(agreement, at_least=0.8).passed is passed


@pytest.mark.parametrize(("predicted", "passed"), [(0.25, True), (0.3, False)])
def test_churn_rate_is_judged_relative_to_what_there_was(predicted, passed):
    label = np.tile([1.0, 0.0, 0.0, 0.0, 0.0], 2000)
    found = check_churn_rate(np.full(10_000, predicted), label, within=0.26)
    assert found.passed is passed
    assert found.value == pytest.approx(predicted / 0.2 - 1)


def test_few_rows_are_allowed_the_churn_rate_that_chance_gives_them():
    few = check_churn_rate(np.full(100, 0.3), np.arange(100) < 20, within=0.26)
    assert few.passed is True
    assert few.limit == pytest.approx(0.26 + 2 * np.sqrt(0.21 / 100) / 0.2)

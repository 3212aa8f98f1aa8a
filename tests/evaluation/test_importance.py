"""Permutation importance and the agreement of two rankings."""

import numpy as np
import pytest

from churn_pipeline.evaluation.importance import (
    permutation_importance,
    rank_agreement,
)


def _predict(columns):
    return np.clip(columns["signal"] * 0.8 + 0.1, 0, 1)


def _columns():
    rng = np.random.default_rng(0)
    signal = rng.random(800)
    label = (rng.random(800) < signal * 0.8 + 0.1).astype(float)
    return {"noise": rng.random(800), "signal": signal}, label


def test_a_feature_that_is_not_used_has_none():
    columns, label = _columns()
    first, second = permutation_importance(
        _predict, columns, label, features=["noise", "signal"], repeats=3, seed=1
    )
    assert (first.feature, second.feature) == ("signal", "noise")
    assert first.importance > 0.05
    assert (second.importance, second.spread) == (0.0, 0.0)


def test_importance_does_not_depend_on_the_other_features_and_changes_no_input():
    columns, label = _columns()
    before = columns["signal"].copy()
    alone, *_ = permutation_importance(
        _predict, columns, label, features=["signal"], repeats=2, seed=1
    )
    both, *_ = permutation_importance(
        _predict, columns, label, features=["noise", "signal"], repeats=2, seed=1
    )
    assert alone == both
    assert np.array_equal(columns["signal"], before)


def test_agreement_looks_at_the_leading_features_of_either():
    mine = {"a": 0.5, "b": 0.3, "c": 0.2, "x": 0.0, "y": -0.01}
    assert rank_agreement(mine, mine, top=3) == pytest.approx(1.0)
    turned = {"a": 0.2, "b": 0.3, "c": 0.5, "x": -0.01, "y": 0.0}
    assert rank_agreement(mine, turned, top=3) == pytest.approx(-1.0)


def test_agreement_of_fewer_than_three_features_is_not_known():
    assert np.isnan(rank_agreement({"a": 1, "b": 2}, {"a": 1, "b": 2}, top=5))

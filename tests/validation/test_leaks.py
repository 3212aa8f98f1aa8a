"""How well one column alone tells the label, and that luck is not taken for it."""

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.validation.leaks import auc_alone

LABEL = pd.Series([1.0, 1, 0, 0] * 50)


@pytest.mark.parametrize("turned", [1, -1])
def test_a_number_that_is_the_label_tells_it_whichever_way_it_runs(turned):
    assert auc_alone(turned * LABEL, LABEL) == 1.0


def test_missing_values_tell_as_any_other():
    assert auc_alone(LABEL.where(LABEL == 1), LABEL) == 1.0


@pytest.mark.parametrize("column", [["a"] * 200, [f"id{i}" for i in range(200)]])
def test_a_constant_and_an_identity_tell_nothing(column):
    assert auc_alone(pd.Series(column), LABEL) == pytest.approx(0.5)


def test_luck_in_one_half_is_not_taken_for_a_leak():
    label = pd.Series(np.arange(400) < 8).astype(float).sample(400, random_state=1)
    found = [
        auc_alone(pd.Series(np.random.default_rng(seed).random(400)), label)
        for seed in range(100)
    ]
    assert max(found) < 0.9
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)

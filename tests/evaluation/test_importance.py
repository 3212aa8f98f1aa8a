"""The agreement of two rankings."""

import numpy as np
import pytest

from churn_pipeline.evaluation.importance import rank_agreement


def test_agreement_looks_at_the_leading_features_of_either():
    mine = {"a": 0.5, "b": 0.3, "c": 0.2, "x": 0.0, "y": 0.01}
    assert rank_agreement(mine, mine, top=3) == pytest.approx(1.0)
    turned = {"a": 0.2, "b": 0.3, "c": 0.5, "x": 0.01, "y": 0.0}
    assert rank_agreement(mine, turned, top=3) == pytest.approx(-1.0)


def test_agreement_of_fewer_than_three_features_is_not_known():
    assert np.isnan(rank_agreement({"a": 1, "b": 2}, {"a": 1, "b": 2}, top=5))

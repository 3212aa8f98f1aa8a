"""Parameters that cannot be meant are refused with what to write instead."""

from __future__ import annotations

import pytest

from churn_pipeline.features.params import FeatureEngineering


def test_windows_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match=r"growing order .* got \[30, 7\]"):
        FeatureEngineering.model_validate({"windows_days": [30, 7]})


@pytest.mark.parametrize("split", [{"test": 1.0}, {"folds": 1}, {"validation": 0.1}])
def test_a_split_that_leaves_nothing_to_train_or_hold_out_is_refused(split) -> None:
    with pytest.raises(ValueError, match=next(iter(split))):
        FeatureEngineering.model_validate({"split": split})


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="lookback"):
        FeatureEngineering.model_validate({"lookback": 90})

"""Parameters that cannot be meant are refused with what to write instead."""

from __future__ import annotations

import pytest

from churn_pipeline.features.params import FeatureEngineering


def test_windows_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match=r"growing order .* got \[30, 7\]"):
        FeatureEngineering.model_validate({"windows_days": [30, 7]})


def test_shares_that_leave_nothing_to_train_on_are_refused() -> None:
    shares = {"validation": 0.3, "calibration": 0.3, "test": 0.4}
    with pytest.raises(ValueError, match="below 1, so that rows are left"):
        FeatureEngineering.model_validate({"split": shares})


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="lookback"):
        FeatureEngineering.model_validate({"lookback": 90})

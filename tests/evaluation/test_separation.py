"""What one feature alone tells about churn."""

import numpy as np
import pandas as pd

from churn_pipeline.evaluation.separation import (
    Level,
    churn_by_level,
)


def test_rows_without_a_label_count_nowhere() -> None:
    found = churn_by_level([1, 0, 0, np.nan, np.nan], ["a", "a", "b", "b", "c"])
    assert found == [Level("a", 2, 0.5), Level("b", 1, 0.0)]


def test_every_kind_of_missing_is_one_level() -> None:
    texts = pd.Series(["a", pd.NA, None, np.nan], dtype=object)
    assert churn_by_level([0, 1, 1, 0], texts)[0] == Level("(missing)", 3, 2 / 3)


def test_a_number_is_cut_at_its_quartiles() -> None:
    found = churn_by_level(np.arange(100) >= 75, np.arange(100.0))
    assert sorted((one.n_rows, one.churn_rate) for one in found) == [
        (25, 0.0),
        (25, 0.0),
        (25, 0.0),
        (25, 1.0),
    ]

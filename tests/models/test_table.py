from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.models.table import read_table


def test_numbers_of_any_kind_become_float32_and_nothing_else():
    values = [True, 2, "3.5", Decimal("4.25"), None, float("nan"), pd.NA]
    table = read_table({"x": values}, numbers=["x"], categories=[])
    expected = np.array([1, 2, 3.5, 4.25, np.nan, np.nan, np.nan], np.float32)
    np.testing.assert_array_equal(table.numbers[:, 0], expected)
    assert table.numbers.dtype == np.float32


def test_categories_of_any_kind_become_text():
    values = ["a", None, float("nan"), 1, 1.0, pd.NA, ""]
    table = read_table({"x": values}, numbers=[], categories=["x"])
    assert table.categories[:, 0].tolist() == ["a", "", "", "1", "1", "", ""]


def test_columns_of_two_lengths_are_refused():
    with pytest.raises(ValueError, match="b with 1 and a with 2 rows"):
        read_table({"a": [1, 2], "b": ["x"]}, numbers=["a"], categories=["b"])


def test_many_missing_columns_are_cut_short():
    with pytest.raises(ValueError, match="and 15 more"):
        read_table({}, numbers=[f"x{i}" for i in range(20)], categories=[])


def test_a_zero_at_the_end_of_a_text_is_of_the_text():
    table = read_table({"plan": ["basic\0", "basic"]}, numbers=[], categories=["plan"])
    assert table.categories[:, 0].tolist() == ["basic\0", "basic"]

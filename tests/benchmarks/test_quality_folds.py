"""Folds test each row once, and a model is told nothing of the rows that test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality.folds import cut, pooled, work_of
from benchmarks.quality.sets import DataSet

LABEL = np.repeat([0.0, 0.0, 0.0, 1.0], 25)
FEATURES = {
    "features": [
        {"name": "tenure", "type": "number"},
        {"name": "plan", "type": "category"},
    ]
}


def a_set(**columns: object) -> DataSet:
    rows = pd.DataFrame({"customer_id": range(100), "label": LABEL} | columns)
    return DataSet("shop", rows, FEATURES, "0", Path("none.json"))


def test_every_row_tests_once_and_the_folds_have_the_churn_rate_of_all() -> None:
    folds = cut(pd.DataFrame({"label": LABEL}), 5)
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested) == list(range(100))
    for fold in folds:
        assert sorted([*fold.train, *fold.test]) == list(range(100))
        assert LABEL[fold.test].mean() == 0.25
        assert set(fold.held_out) <= set(fold.train)
        assert LABEL[fold.held_out].sum() == 4
        assert len(fold.held_out) == 16


def test_a_split_by_time_is_the_pipelines_and_holds_out_whole_customers() -> None:
    rows = pd.DataFrame(
        {
            "split": ["train"] * 20 + ["test"] * 5,
            "customer_id": [*range(10)] * 2 + [1] * 5,
        }
    )
    (fold,) = cut(rows, None)
    assert fold.train.tolist() == list(range(20))
    assert fold.test.tolist() == list(range(20, 25))
    customers = set(rows["customer_id"][fold.held_out])
    assert len(customers) == 2
    assert len(fold.held_out) == 4


def test_a_model_sees_no_label_of_a_row_that_tests() -> None:
    data = a_set(tenure=np.arange(100.0), plan="a", split="train")
    fold, *_ = cut(data.rows, 5)
    work, test = work_of(data, fold, threads=1)
    assert list(test) == ["customer_id", "tenure", "plan"]
    assert test["customer_id"].tolist() == fold.test.tolist()
    assert work.data.rows["customer_id"].tolist() == fold.train.tolist()
    assert work.data.rows.index[work.held_out].tolist() == [
        place for place, row in enumerate(fold.train) if row in fold.held_out
    ]


def test_features_are_those_of_the_model_with_missing_values_kept() -> None:
    data = a_set(tenure=[None, *range(99)], plan=[None, *["a"] * 99])
    fold, *_ = cut(data.rows, 5)
    work, _ = work_of(data, fold, threads=1)
    features = work.features(data.rows)
    assert list(features) == ["tenure", "plan"]
    assert np.isnan(features["tenure"][0])
    assert features["plan"].tolist()[:2] == ["", "a"]


def test_pooled_values_are_in_the_order_of_the_rows() -> None:
    folds = cut(pd.DataFrame({"label": LABEL}), 5)
    values = [fold.test.astype(float) for fold in folds]
    assert pooled(folds, values).tolist() == list(range(100))

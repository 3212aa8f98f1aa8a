"""Cross-fitting: no logit of a row comes from a model that has seen its fold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from churn_pipeline.models.boosting import fit_boosting
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.cross_fit import fit_folds, join_folds
from churn_pipeline.models.logistic import fit_logistic
from churn_pipeline.models.settings import BoostingSettings
from tests.models.company import encode, learn, made_up


def rows_of(label: np.ndarray, fold: np.ndarray) -> Rows:
    numbers = np.arange(len(label), dtype=np.float32)[:, None]
    return Rows(numbers, np.zeros((len(label), 0), np.int64), label, fold)


def test_each_fold_is_held_out_once_and_its_values_come_back_in_the_rows_order():
    rows = rows_of(np.array([0.0, 1, 0, 1, 0]), np.array([1, 0, 2, 1, 0]))
    seen: list[tuple[list[float], list[float]]] = []

    def fit(training: Rows, held: Rows) -> np.ndarray:
        seen.append((training.numbers[:, 0].tolist(), held.numbers[:, 0].tolist()))
        return held.numbers[:, 0] * 10.0

    made = join_folds(rows, fit_folds(rows, fit))
    assert seen == [
        ([0, 2, 3], [1, 4]),
        ([1, 2, 4], [0, 3]),
        ([0, 1, 3, 4], [2]),
    ]
    assert made.tolist() == [0, 10, 20, 30, 40]


def test_one_fold_leaves_nothing_to_fit_on_and_is_refused():
    rows = rows_of(np.array([0.0, 1]), np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="rows in at least 2 folds, got 1"):
        fit_folds(rows, lambda training, held: len(training))


def test_labels_of_a_fold_never_reach_its_own_held_out_logits():
    table, label = made_up()
    vocabulary = learn(table)
    rows = encode(table, label, vocabulary)
    first = rows.fold == 0
    turned = replace(rows, label=np.where(first, 1 - label, label))
    before, after = (
        fit_logistic(given, vocabulary.sizes, inverse_penalty=1.0).held_out
        for given in (rows, turned)
    )
    np.testing.assert_array_equal(before[first], after[first])
    assert np.abs(before[~first] - after[~first]).max() > 0.1


@pytest.mark.parametrize("family", ["logistic", "boosting"])
def test_a_fold_without_churners_is_no_obstacle(family):
    label = np.zeros(90)
    label[[1, 2, 4]] = 1.0
    fold = np.arange(90) % 3
    assert set(fold[label == 1]) == {1, 2}
    rows = rows_of(label, fold)
    if family == "logistic":
        made = fit_logistic(rows, (), inverse_penalty=1.0)
    else:
        made = fit_boosting(rows, (), settings=BoostingSettings(), seed=0)
    assert np.isfinite(made.held_out).all()
    assert np.isfinite(made.model.logit(rows.numbers, rows.codes)).all()

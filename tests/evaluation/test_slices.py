"""Groups of customers and their metrics."""

import numpy as np
import pytest

from churn_pipeline.evaluation.metrics import Ranking
from churn_pipeline.evaluation.slices import Sizes, groups, levels, measure_slice

SIZES = Sizes(rows=50, churners=10)


def test_numbers_of_many_values_are_cut_at_their_quartiles():
    found = levels(np.arange(1, 101, dtype=float))
    assert dict(zip(*np.unique(found, return_counts=True), strict=True)) == {
        "[1, 25.75]": 25,
        "(25.75, 50.5]": 25,
        "(50.5, 75.25]": 25,
        "(75.25, 100]": 25,
    }


def test_few_numbers_are_levels_of_their_own():
    assert levels([1.0, 0.0, None, float("nan")]).tolist() == [
        "1",
        "0",
        "(missing)",
        "(missing)",
    ]


def test_rare_texts_are_taken_together():
    found = levels([*"aaabbc", "d"], at_most=3)
    assert found.tolist() == ["a", "a", "a", "b", "b", "(other)", "(other)"]


def test_categories_called_as_the_pooled_ones_stay_apart():
    assert levels([*"aab", "other", "other", "c"], at_most=3).tolist() == [
        *"aa",
        "(other)",
        "other",
        "other",
        "(other)",
    ]
    assert levels(["missing", None]).tolist() == ["missing", "(missing)"]
    assert levels(["(missing)", None]).tolist() == ['"(missing)"', "(missing)"]


def test_large_numbers_do_not_merge():
    assert len(set(levels([1234567.0, 1234568.0]))) == 2


def test_groups_come_largest_first():
    column = levels(["b", "a", "b", None])
    assert [(name, int(rows.sum())) for name, rows in groups(column)] == [
        ("b", 2),
        ("(missing)", 1),
        ("a", 1),
    ]


@pytest.mark.parametrize(
    ("rows", "churners", "small"),
    [(50, 10, False), (49, 20, True), (60, 9, True), (60, 51, True)],
)
def test_a_group_needs_rows_churners_and_others(rows, churners, small):
    assert SIZES.small(np.arange(rows) < churners) is small


@pytest.mark.parametrize("n", [40, 80])
def test_only_large_groups_get_intervals(n):
    p = np.linspace(0.01, 0.99, n)
    ranking = Ranking.of((p > 0.5).astype(float), p, threshold=0.5, gain=p)
    found = measure_slice(
        ranking, np.arange(n), sizes=SIZES, resamples=20, confidence=0.9, seed=0
    )
    assert found["small"] is (n == 40)
    assert ("roc_auc_low" in found) is (n == 80)
    assert (found["n_rows"], found["roc_auc"]) == (n, 1.0)

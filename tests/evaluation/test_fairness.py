"""Rates by group of people."""

import numpy as np
import pytest

from churn_pipeline.evaluation.fairness import fairness_by_group
from churn_pipeline.evaluation.slices import Sizes

ENDS = ("_low", "high")


def test_rates_are_those_of_each_group():
    rows = fairness_by_group(
        [1, 1, 0, 0, 1, 0],
        [0.9, 0.2, 0.8, 0.1, 0.7, 0.3],
        np.array(["a", "a", "a", "a", "b", "b"], dtype=object),
        customer=range(6),
        threshold=0.5,
        sizes=Sizes(rows=3, churners=1),
        resamples=50,
        confidence=0.9,
        seed=1,
    )
    first, second = rows
    assert {name: first[name] for name in first if name[-4:] not in ENDS} == (
        pytest.approx(
            {
                "group": "a",
                "n_rows": 4,
                "small": False,
                "selection_rate": 0.5,
                "true_positive_rate": 0.5,
                "false_positive_rate": 0.5,
                "churn_rate": 0.5,
                "mean_probability": 0.5,
                "selection_rate_gap": 0.0,
                "true_positive_rate_gap": -0.5,
                "calibration_gap": 0.0,
            }
        )
    )
    assert (second["group"], second["n_rows"], second["small"]) == ("b", 2, True)


def _measured(seed, *, times=3):
    """Customers of two groups, one called more, with so many like rows each."""
    rng = np.random.default_rng(seed)
    group = np.repeat(rng.choice(["a", "b"], 300), times).astype(object)
    label = np.repeat(rng.random(300) < 0.3, times).astype(float)
    called = np.repeat(rng.random(300), times) < np.where(group == "a", 0.5, 0.3)
    rows = fairness_by_group(
        label,
        called.astype(float),
        group,
        customer=np.repeat(np.arange(300), times),
        threshold=0.5,
        sizes=Sizes(rows=10, churners=1),
        resamples=200,
        confidence=0.9,
        seed=seed,
    )
    return {row["group"]: row for row in rows}


def test_the_interval_of_a_gap_covers_the_truth_as_often_as_stated():
    inside = 0
    for seed in range(60):
        row = _measured(seed)["a"]
        inside += row["selection_rate_gap_low"] <= 0.2 <= row["selection_rate_gap_high"]
    assert 46 <= inside <= 60  # 54 of 60 stated


def test_two_groups_are_apart_by_the_same_the_other_way():
    found = _measured(0)
    for gap in ("selection_rate_gap", "true_positive_rate_gap"):
        assert found["a"][gap] == pytest.approx(-found["b"][gap])
        assert found["a"][f"{gap}_low"] == pytest.approx(-found["b"][f"{gap}_high"])


def test_rows_of_a_customer_are_drawn_together():
    once, thrice = (_measured(0, times=n)["a"] for n in (1, 3))
    widths = [
        row["selection_rate_gap_high"] - row["selection_rate_gap_low"]
        for row in (once, thrice)
    ]
    assert widths[1] == pytest.approx(widths[0])

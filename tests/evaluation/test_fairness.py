"""Rates by group of people."""

import numpy as np
import pytest

from churn_pipeline.evaluation.fairness import fairness_by_group
from churn_pipeline.evaluation.slices import Sizes


def test_rates_are_those_of_each_group():
    rows = fairness_by_group(
        [1, 1, 0, 0, 1, 0],
        [0.9, 0.2, 0.8, 0.1, 0.7, 0.3],
        np.array(["a", "a", "a", "a", "b", "b"], dtype=object),
        threshold=0.5,
        sizes=Sizes(rows=3, churners=1),
    )
    first, second = rows
    assert first == pytest.approx(
        {
            "group": "a",
            "n_rows": 4,
            "small": False,
            "selection_rate": 0.5,
            "true_positive_rate": 0.5,
            "false_positive_rate": 0.5,
            "churn_rate": 0.5,
            "mean_probability": 0.5,
            "calibration_gap": 0.0,
        }
    )
    assert (second["group"], second["n_rows"], second["small"]) == ("b", 2, True)

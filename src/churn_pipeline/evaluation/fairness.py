"""Does the model treat groups of people alike: rates by group, with their counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn_pipeline.evaluation.slices import Sizes, groups

Row = dict[str, float | str | bool]


def fairness_by_group(
    label: ArrayLike,
    probability: ArrayLike,
    group: NDArray[np.object_],
    *,
    threshold: ArrayLike,
    sizes: Sizes,
) -> list[Row]:
    """Return how a model treats each group of a sensitive column.

    Args:
        label: (n,), 1 churned, 0 stayed.
        probability: (n,), churn probability in [0, 1].
        group: (n,), text, the group of each row.
        threshold: Lowest probability that is contacted; one for all, or (n,).
        sizes: Which groups are too small to judge.

    Returns:
        A row a group, the largest first: `group`, `n_rows`, `small`,
        `selection_rate` (contacted), `true_positive_rate` (contacted of those who
        churned), `false_positive_rate` (contacted of those who stayed),
        `churn_rate`, `mean_probability`, `calibration_gap` (mean probability less
        churn rate).
    """
    from fairlearn.metrics import (
        MetricFrame,
        false_positive_rate,
        selection_rate,
        true_positive_rate,
    )

    y = np.asarray(label, dtype=np.float64)
    p = np.asarray(probability, dtype=np.float64)
    frame = MetricFrame(
        metrics={
            "selection_rate": selection_rate,
            "true_positive_rate": true_positive_rate,
            "false_positive_rate": false_positive_rate,
        },
        y_true=y,
        y_pred=(p >= np.asarray(threshold)).astype(float),
        sensitive_features=group.astype(str),
    )
    rates = frame.by_group.to_dict("index")
    return [
        {
            "group": name,
            "n_rows": int(rows.sum()),
            "small": sizes.small(y[rows]),
            **{key: float(value) for key, value in rates[name].items()},
            "churn_rate": float(y[rows].mean()),
            "mean_probability": float(p[rows].mean()),
            "calibration_gap": float(p[rows].mean() - y[rows].mean()),
        }
        for name, rows in groups(group)
    ]

"""Does the model treat groups of people alike: rates by group, with their counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from churn_pipeline.evaluation.intervals import CELLS_AT_ONCE, with_intervals
from churn_pipeline.evaluation.slices import Sizes, groups

Row = dict[str, float | str | bool]
Floats = NDArray[np.float64]

GAPS = ("selection_rate_gap", "true_positive_rate_gap", "calibration_gap")
"""How far a group is from all others; of the calibration, from what is true of it."""


def fairness_by_group(
    label: ArrayLike,
    probability: ArrayLike,
    group: NDArray[np.object_],
    *,
    customer: ArrayLike,
    threshold: ArrayLike,
    sizes: Sizes,
    resamples: int,
    confidence: float,
    seed: int,
) -> list[Row]:
    """Return how a model treats each group of a sensitive column.

    Args:
        label: (n,), 1 churned, 0 stayed.
        probability: (n,), churn probability in [0, 1].
        group: (n,), text, the group of each row.
        customer: (n,), customer id; a customer's rows are drawn together.
        threshold: Lowest probability that is contacted; one for all, or (n,).
        sizes: Which groups are too small to judge.
        resamples: Bootstrap resamples of the gaps.
        confidence: Of their intervals, in (0, 1).
        seed: Of the draws.

    Returns:
        A row a group, the largest first: `group`, `n_rows`, `small`,
        `selection_rate` (contacted), `true_positive_rate` (contacted of those who
        churned), `false_positive_rate` (contacted of those who stayed),
        `churn_rate`, `mean_probability`, and the gaps, each with `_low` and `_high`:
        `selection_rate_gap` and `true_positive_rate_gap` (the rate less that of all
        other rows), `calibration_gap` (mean probability less churn rate). NaN where a
        rate or an interval is not defined.
    """
    y = np.asarray(label, dtype=np.float64)
    p = np.asarray(probability, dtype=np.float64)
    called = (p >= np.asarray(threshold)).astype(np.float64)
    found = list(groups(group))
    told = _Told(y, p, called, np.stack([r for _, r in found], axis=1).astype(float))
    gaps = _gaps_with_intervals(
        told, customer, resamples=resamples, confidence=confidence, seed=seed
    )
    rates = _rates(y, called, group)
    return [
        {
            "group": name,
            "n_rows": int(rows.sum()),
            "small": sizes.small(y[rows]),
            **rates[name],
            "churn_rate": float(y[rows].mean()),
            "mean_probability": float(p[rows].mean()),
            **of_group,
        }
        for (name, rows), of_group in zip(found, gaps, strict=True)
    ]


def _rates(
    label: Floats, called: Floats, group: NDArray[np.object_]
) -> dict[str, dict[str, float]]:
    """Return the rates of each group by their names, as fairlearn defines them."""
    from fairlearn.metrics import (
        MetricFrame,
        false_positive_rate,
        selection_rate,
        true_positive_rate,
    )

    frame = MetricFrame(
        metrics={
            "selection_rate": selection_rate,
            "true_positive_rate": true_positive_rate,
            "false_positive_rate": false_positive_rate,
        },
        y_true=label,
        y_pred=called,
        sensitive_features=group.astype(str),
    )
    return {
        str(name): {key: float(value) for key, value in rates.items()}
        for name, rates in frame.by_group.to_dict("index").items()
    }


@dataclass(frozen=True)
class _Told:
    """Rows, what the model says of them, and their groups.

    Attributes:
        label: float64, (n_rows,), 1 churned, 0 stayed.
        probability: float64, (n_rows,), churn probability.
        called: float64, (n_rows,), 1 contacted.
        inside: float64, (n_rows, n_groups), 1 in the group.
    """

    label: Floats
    probability: Floats
    called: Floats
    inside: Floats

    def gaps(self, weights: Floats) -> dict[str, Floats]:
        """Return the gaps of each group, float64, (n_weights, n_groups), by name.

        Args:
            weights: float64, (n_weights, n_rows), how often each row counts.
        """
        everybody = np.ones_like(self.label)
        with np.errstate(invalid="ignore", divide="ignore"):
            expected, _ = self._shares(weights, self.probability, everybody)
            churned, _ = self._shares(weights, self.label, everybody)
            selected, others = self._shares(weights, self.called, everybody)
            hit, others_hit = self._shares(weights, self.called, self.label)
        gaps = selected - others, hit - others_hit, expected - churned
        return dict(zip(GAPS, gaps, strict=True))

    def _shares(
        self, weights: Floats, of: Floats, among: Floats
    ) -> tuple[Floats, Floats]:
        """Return the share among some rows of each group, and of all others."""
        hits, rows = weights * (of * among), weights * among
        inside, every = hits @ self.inside, rows @ self.inside
        total = hits.sum(1, keepdims=True), rows.sum(1, keepdims=True)
        return inside / every, (total[0] - inside) / (total[1] - every)


def _gaps_with_intervals(
    told: _Told,
    customer: ArrayLike,
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> list[dict[str, float]]:
    """Return each group's gaps, each with `_low` and `_high`, in the groups' order."""
    point = told.gaps(np.ones((1, len(told.label))))
    drawn = _draws(told, customer, resamples=resamples, seed=seed)
    return [
        with_intervals(
            {gap: float(values[0, place]) for gap, values in point.items()},
            {gap: values[:, place] for gap, values in drawn.items()},
            confidence=confidence,
        )
        for place in range(told.inside.shape[1])
    ]


def _draws(
    told: _Told, customer: ArrayLike, *, resamples: int, seed: int
) -> dict[str, Floats]:
    """Return the gaps in resamples of customers, (resamples, n_groups), by name."""
    _, code = np.unique(np.asarray(customer), return_inverse=True)
    n_customers, rng = int(code.max()) + 1, np.random.default_rng(seed)
    at_once = max(1, CELLS_AT_ONCE // code.size)
    parts: list[dict[str, Floats]] = []
    with threadpool_limits(1):
        for start in range(0, resamples, at_once):
            size = (min(at_once, resamples - start), n_customers)
            picked = rng.integers(0, n_customers, size)
            counts = [np.bincount(row, minlength=n_customers) for row in picked]
            parts.append(told.gaps(np.asarray(counts, dtype=np.float64)[:, code]))
    return {name: np.concatenate([part[name] for part in parts]) for name in GAPS}

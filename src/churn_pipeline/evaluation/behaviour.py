"""Does a model behave: range, direction, missing values, stability, rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.evaluation.importance import Columns, Predict

Direction = Literal["up", "down"]


@dataclass(frozen=True)
class Check:
    """The outcome of one behavioural test.

    Attributes:
        name: Name of the test.
        passed: Whether the model behaved; None where the test does not apply.
        value: What was measured; NaN where the test does not apply.
        limit: What it was compared with.
        message: What was expected and what came, in words.
    """

    name: str
    passed: bool | None
    value: float
    limit: float
    message: str


def check_range(probability: NDArray[np.float64]) -> Check:
    """Check that every probability is a number from 0 to 1."""
    wrong = int((~((probability >= 0) & (probability <= 1))).sum())
    return Check(
        "range",
        wrong == 0,
        float(wrong),
        0.0,
        f"expected probabilities from 0 to 1, got {wrong} others of {probability.size}",
    )


def check_missing(predict: Predict, columns: Columns) -> Check:
    """Check that a customer of whom nothing is known still gets a probability."""
    empty = {
        name: np.full(1, np.nan if values.dtype.kind in "fiu" else None, dtype=object)
        for name, values in columns.items()
    }
    answer = float(predict(empty)[0])
    return Check(
        "missing_values",
        0 <= answer <= 1,
        answer,
        1.0,
        f"expected a probability for a customer without any values, got {answer:.3f}",
    )


def check_direction(
    predict: Predict,
    columns: Columns,
    *,
    feature: str,
    direction: Direction,
    tolerance: float,
) -> Check:
    """Check that a feature moves the mean probability the way people expect.

    Every customer's value is set to the feature's 10th percentile, then to its 90th.

    Args:
        predict: Takes columns and returns churn probabilities.
        columns: Feature -> (n,) values.
        feature: Name of a number among them.
        direction: `up`: a higher value must not lower churn; `down`: not raise it.
        tolerance: Move of the mean probability the other way that is let pass.
    """
    name = f"direction: {feature} {direction}"
    if feature not in columns or columns[feature].dtype.kind not in "fiub":
        return Check(
            name,
            None,
            float("nan"),
            tolerance,
            f"not applicable: the model has no number called {feature!r}",
        )
    known = columns[feature][~np.isnan(columns[feature].astype(np.float64))]
    if known.size == 0:
        return Check(
            name, None, float("nan"), tolerance, f"{feature} has no values to vary"
        )
    low, high = np.quantile(known.astype(np.float64), [0.1, 0.9])
    means = [
        predict({**columns, feature: np.full(len(columns[feature]), value)}).mean()
        for value in (low, high)
    ]
    move = float(means[1] - means[0])
    return Check(
        name,
        move >= -tolerance if direction == "up" else move <= tolerance,
        move,
        tolerance,
        f"expected churn to go {direction} from {feature} = {low:g} to {high:g}, got "
        f"a move of the mean probability of {move:+.4f}",
    )


def check_stability(agreement: float, *, at_least: float) -> Check:
    """Check that the features matter in about the same order as to the champion.

    Args:
        agreement: Spearman's rank correlation; NaN where there is no champion.
        at_least: Lowest correlation that passes.
    """
    known = bool(np.isfinite(agreement))
    message = (
        f"expected the order of importances to agree with the champion's by "
        f"{at_least:g} or more, got {agreement:.2f}"
    )
    return Check(
        "importance_stability",
        agreement >= at_least if known else None,
        agreement,
        at_least,
        message if known else "not applicable: there is no champion to compare with",
    )


def check_churn_rate(
    probability: NDArray[np.float64], label: NDArray[np.float64], *, within: float
) -> Check:
    """Check that as much churn is predicted as there was, relative to what there was.

    Args:
        probability: float64, (n,), churn probabilities.
        label: float64, (n,), 1 churned, 0 stayed.
        within: Largest relative distance that passes, e.g. 0.2 for 20 %. What chance
            does to the churn rate of so few rows (two standard errors) is added.
    """
    observed, predicted = float(label.mean()), float(probability.mean())
    apart = abs(predicted - observed) / observed if observed else float("inf")
    spread = float(np.sqrt((probability * (1 - probability)).sum())) / label.size
    limit = within + 2 * spread / observed if observed else within
    return Check(
        "churn_rate",
        apart <= limit,
        apart,
        limit,
        f"expected a mean probability within {limit:.0%} of the churn rate "
        f"{observed:.4f}, got {predicted:.4f} ({apart:.1%} away)",
    )


def check_directions(
    predict: Predict,
    columns: Columns,
    expected: Mapping[str, Direction],
    *,
    tolerance: float,
) -> list[Check]:
    """Check every expected direction; see `check_direction`."""
    return [
        check_direction(
            predict, columns, feature=name, direction=way, tolerance=tolerance
        )
        for name, way in expected.items()
    ]

"""Calibration: a monotone map of a model's logit, learnt on rows of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.graph import Graph

Floats = NDArray[np.float64]

_EDGE = 1e-7
_LEAST = 1e-300
"""Has a logarithm."""
_MIN_SLOPE = 1e-3
_MAX_STEP = 2.0
_CONVERGED = 1e-10
_MAX_STEPS = 100


@dataclass(frozen=True)
class Calibration:
    """A smooth map of the logit with a slope of its own at either end.

    Attributes:
        slope_low: float64, scalar, above 0: slope where churn is unlikely.
        slope_high: float64, scalar, above 0: slope where churn is likely.
        intercept: float64, scalar: what is added.

    Source: Kull et al. 2017, "Beta calibration". With both slopes the same it is
    logistic (Platt) scaling; 1, 1 and 0 change nothing.
    """

    slope_low: float
    slope_high: float
    intercept: float

    def probability(self, logit: Floats) -> Floats:
        """Return calibrated probabilities in [0, 1] of the logits."""
        slopes = np.array([self.slope_low, self.slope_high])
        return sigmoid(_ends(logit) @ slopes + self.intercept)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return what was learnt, by name."""
        return {"map": np.array([self.slope_low, self.slope_high, self.intercept])}

    def add_to(self, graph: Graph, chances: str) -> str:
        """Add the map to a graph.

        Args:
            graph: The graph under construction.
            chances: Name of the probabilities of churn and of staying, float64,
                (n, 2), above 0.

        Returns:
            Name of the probabilities, float32, (n,).
        """
        slopes = np.array([self.slope_low, -self.slope_high])
        scaled = graph.node(
            "MatMul", graph.node("Log", chances), graph.constant(slopes)
        )
        shifted = graph.node("Add", scaled, graph.constant(np.array(self.intercept)))
        return graph.float(graph.node("Sigmoid", shifted))


def add_chances(graph: Graph, logit: str) -> str:
    """Add the probabilities of a logit to a graph.

    Args:
        graph: The graph under construction.
        logit: Name of a float64 tensor of shape (n, 1).

    Returns:
        Name of the probabilities of churn and of staying, float64, (n, 2), above 0.
    """
    sides = graph.node("Mul", logit, graph.constant(np.array([1.0, -1.0])))
    least = graph.constant(np.array(_LEAST))
    return graph.node("Max", graph.node("Sigmoid", sides), least)


def sigmoid(logit: Floats) -> Floats:
    """Return 1 / (1 + exp(-logit)) without overflow."""
    small = np.exp(-np.abs(logit))
    return np.where(logit >= 0, 1.0, small) / (1.0 + small)


def to_logit(probability: Floats) -> Floats:
    """Return log(p / (1 - p)), finite for probabilities of 0 and 1 too."""
    clipped = np.clip(probability, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def fit_calibration(logit: Floats, label: Floats, *, prior_rows: float) -> Calibration:
    """Return the map of least log loss on rows that the model was not fit on.

    The slopes are pulled to 1 as by `prior_rows` more rows like these that say so: a
    small split would otherwise scale by its own noise. Where churn is nearly certain,
    a row tells little of the slopes, and one of the prior no more than that.

    Args:
        logit: float64, (n_rows,).
        label: 1 churned, 0 stayed, (n_rows,).
        prior_rows: Strength of the belief that no scaling is needed, 0 or more.
    """
    design = np.column_stack([_ends(logit), np.ones_like(logit)])
    low, high, intercept = _fit(design, label, prior_rows).tolist()
    return Calibration(low, high, intercept)


def fit_slope(logit: Floats, label: Floats) -> float:
    """Return the slope of logistic (Platt) scaling, above 0.

    Args:
        logit: float64, (n_rows,), of rows that the model was not fit on.
        label: 1 churned, 0 stayed, (n_rows,).
    """
    design = np.column_stack([logit, np.ones_like(logit)])
    return float(_fit(design, label, 0.0)[0])


def _fit(design: Floats, label: Floats, prior_rows: float) -> Floats:
    """Return the slopes and the intercept of least log loss, float64, (n_slopes + 1,).

    Args:
        design: float64, (n_rows, n_slopes + 1): what the slopes scale, which add up to
            the logit; 1 in the last column.
        label: 1 churned, 0 stayed, (n_rows,).
        prior_rows: Rows that would say that the slopes are 1.
    """
    start = np.append(np.ones(design.shape[1] - 1), 0.0)
    least = np.append(np.full(len(start) - 1, _MIN_SLOPE), -np.inf)
    chance = sigmoid(design @ start)
    told = (design**2 * (chance * (1 - chance))[:, None]).mean(axis=0)
    precision = prior_rows * np.append(told[:-1], 0.0) + _EDGE
    found = start.copy()
    for _ in range(_MAX_STEPS):
        chance = sigmoid(design @ found)
        gradient = design.T @ (chance - label) + precision * (found - start)
        weight = chance * (1 - chance) + _EDGE
        hessian = (design * weight[:, None]).T @ design + np.diag(precision)
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, _MAX_STEP / max(_EDGE, float(np.abs(step).max())))
        # A falling map would turn the ranking round.
        moved = np.maximum(found - step, least)
        if np.abs(moved - found).max() < _CONVERGED:
            break
        found = moved
    return found


def _ends(logit: Floats) -> Floats:
    """Return log p and -log(1 - p) of p = sigmoid(logit), float64, (n_rows, 2)."""
    return np.stack([-np.logaddexp(0, -logit), np.logaddexp(0, logit)], axis=-1)

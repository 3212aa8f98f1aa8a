"""Calibration: a monotone map of a model's logit, learnt on rows of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.graph import Graph

Floats = NDArray[np.float64]

_EDGE = 1e-7
_MIN_SLOPE = 1e-3
_MIN_INNER_SLOPE = 1e-2
_MIN_BINS = 3
_CONVERGED = 1e-10
# Precision of the belief that a model needs no scaling: what some hundred rows tell.
_PRIOR_PRECISION = 50.0


@dataclass(frozen=True)
class Calibration:
    """A logistic map of the logit, bent at knots where there are rows enough.

    Attributes:
        slope: float64, scalar: what the logit is multiplied by; above 0.
        intercept: float64, scalar: what is added then.
        knots: float64, (n_knots,), rising: scaled logits where the map bends.
        bends: float64, (n_knots,): how much the slope changes at each knot.
    """

    slope: float
    intercept: float
    knots: Floats
    bends: Floats

    def probability(self, logit: Floats) -> Floats:
        """Return calibrated probabilities in [0, 1] of the logits."""
        scaled = self.slope * logit + self.intercept
        above = np.maximum(scaled[:, None] - self.knots, 0.0)
        return sigmoid(scaled + above @ self.bends)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return what was learnt, by name."""
        line = np.array([self.slope, self.intercept])
        return {"line": line, "knots": self.knots, "bends": self.bends}

    def add_to(self, graph: Graph, logit: str) -> str:
        """Add the map to a graph.

        Args:
            graph: The graph under construction.
            logit: Name of a float64 tensor of shape (n, 1).

        Returns:
            Name of the probabilities, float32, (n,).
        """
        slope = graph.constant(np.array(self.slope))
        intercept = graph.constant(np.array(self.intercept))
        scaled = graph.node("Add", graph.node("Mul", logit, slope), intercept)
        if len(self.knots):
            past = graph.node("Sub", scaled, graph.constant(self.knots[None, :]))
            above = graph.node("Max", past, graph.constant(np.array(0.0)))
            bent = graph.node("MatMul", above, graph.constant(self.bends[:, None]))
            scaled = graph.node("Add", scaled, bent)
        flat = graph.node("Squeeze", scaled, graph.constant(np.array([1])))
        return graph.float(graph.node("Sigmoid", flat))


def sigmoid(logit: Floats) -> Floats:
    """Return 1 / (1 + exp(-logit)) without overflow."""
    small = np.exp(-np.abs(logit))
    return np.where(logit >= 0, 1.0, small) / (1.0 + small)


def to_logit(probability: Floats) -> Floats:
    """Return log(p / (1 - p)), finite for probabilities of 0 and 1 too."""
    clipped = np.clip(probability, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def fit_calibration(
    logit: Floats, label: Floats, *, bins: int, min_rows_a_bin: int
) -> Calibration:
    """Return the calibration learnt from rows that the model was not fit on.

    Few rows get logistic scaling (two numbers); where there are `min_rows_a_bin`
    rows for each of at least three bins, an isotonic fit over equal-mass bins bends
    the line.

    Args:
        logit: float64, (n_rows,).
        label: 1 churned, 0 stayed, (n_rows,).
        bins: Most bins of the isotonic fit; 0 leaves the line straight.
        min_rows_a_bin: Rows that a bin needs.

    Source: Platt 1999 (targets moved off 0 and 1); Zadrozny & Elkan 2002 (isotonic).
    """
    slope, intercept = _fit_line(logit, label)
    none = np.zeros(0)
    straight = Calibration(slope, intercept, none, none)
    n_bins = min(bins, len(label) // max(1, min_rows_a_bin))
    if n_bins < _MIN_BINS:
        return straight
    knots, bends, shift = _isotonic_bends(slope * logit + intercept, label, n_bins)
    return Calibration(slope, intercept + shift, knots + shift, bends)


def _fit_line(logit: Floats, label: Floats, n_steps: int = 50) -> tuple[float, float]:
    """Return slope and intercept of least log loss, by damped Newton steps.

    The slope is pulled to 1: a small split would otherwise scale by its own noise.
    """
    positives = float(label.sum())
    negatives = len(label) - positives
    target = np.where(label > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.stack([logit, np.ones_like(logit)], axis=1)
    line = np.array([1.0, 0.0])
    for _ in range(n_steps):
        probability = sigmoid(design @ line)
        gradient = design.T @ (probability - target)
        gradient[0] += _PRIOR_PRECISION * (line[0] - 1.0)
        weight = probability * (1 - probability)
        hessian = (design * weight[:, None]).T @ design
        hessian += np.diag([_PRIOR_PRECISION, _EDGE])
        step = np.linalg.solve(hessian, gradient)
        line = line - step * min(1.0, 2.0 / max(1e-12, float(np.abs(step).max())))
        if np.abs(step).max() < _CONVERGED:
            break
    # A falling map would turn the ranking round: then only the level is taken over.
    if line[0] < _MIN_SLOPE:
        base = float(np.clip(target.mean(), _EDGE, 1 - _EDGE))
        return _MIN_SLOPE, float(to_logit(np.array(base)))
    return float(line[0]), float(line[1])


def _isotonic_bends(
    scaled: Floats, label: Floats, n_bins: int
) -> tuple[Floats, Floats, float]:
    """Return knots, changes of slope and shift of a monotone piecewise-linear map."""
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(scaled, kind="stable")
    parts = np.array_split(order, n_bins)
    centre = np.array([scaled[part].mean() for part in parts])
    # One pseudo row of the straight line's probability keeps pure bins finite.
    rate = np.array(
        [(label[p].sum() + sigmoid(scaled[p]).mean()) / (len(p) + 1) for p in parts]
    )
    weight = np.array([len(part) for part in parts], float)
    risen = IsotonicRegression().fit_transform(centre, rate, sample_weight=weight)
    keep = np.concatenate([[True], np.diff(centre) > _EDGE])
    x, y = centre[keep], to_logit(risen[keep])
    # A flat piece would tie customers that the model tells apart; outside of the
    # outer knots the map runs on as the straight line does.
    inner = np.maximum(np.diff(y) / np.diff(x), _MIN_INNER_SLOPE)
    return x, np.diff(np.concatenate([[1.0], inner, [1.0]])), float(y[0] - x[0])

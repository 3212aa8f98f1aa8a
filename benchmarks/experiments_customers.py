"""Simulated customers, and what two models make of them.

Customers churn by a log-odds of which a model knows a part; each model's probabilities
are calibrated, and a better model knows more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.evaluation.decision import Decision

Floats = NDArray[np.float64]
SIGMA, CENTRE = 1.6, -1.9  # spread and mean of the log-odds: a fifth of all leave
CHAMPION = 0.50  # part of the variance of the log-odds that the champion knows
COSTS = Decision(300, 2, 30, 0.4, 1.0)


@dataclass(frozen=True)
class Model:
    """A model that knows a part of the log-odds' variance, and its table."""

    grid: Floats
    chance: Floats
    known: float

    @classmethod
    @cache
    def of(cls, known: float) -> Model:
        """Tabulate the calibrated probability by what is known."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        grid = np.linspace(-8, 8, 2001)
        rest = SIGMA * np.sqrt(1 - known)
        odds = CENTRE + SIGMA * np.sqrt(known) * grid[:, None] + rest * nodes
        chance = (1 / (1 + np.exp(-odds))) @ (weights / weights.sum())
        return cls(grid, chance, known)

    def of_noise(self, known: Floats) -> Floats:
        """Return the probabilities by what is known, standard normal."""
        return np.interp(known, self.grid, self.chance)


def arm(
    rng: np.random.Generator, known: float, shape: tuple[int, ...], metric: str
) -> Floats:
    """Draw values of a metric of an arm's customers, (runs, customers)."""
    if metric == "retained money":
        return money(rng, known, shape)
    p = Model.of(known).of_noise(rng.standard_normal(shape))
    return loss(p, rng.random(shape) < p, metric)


def loss(p: Floats, churned: NDArray[np.bool_], metric: str) -> Floats:
    """Return the log loss or the Brier score of each customer."""
    right = np.where(churned, p, 1 - p)
    return -np.log(right) if metric == "log loss" else (1 - right) ** 2


def change(rng: np.random.Generator, known: float, shape: tuple[int, int]) -> Floats:
    """Draw by how much the log loss of two models differs on the same customers."""
    first, more = rng.standard_normal((2, *shape))
    both = np.sqrt(CHAMPION) * first + np.sqrt(known - CHAMPION) * more
    better = Model.of(known).of_noise(both / np.sqrt(known))
    churned = rng.random(shape) < better
    champion = Model.of(CHAMPION).of_noise(first)
    return loss(better, churned, "log loss") - loss(champion, churned, "log loss")


def money(rng: np.random.Generator, known: float, shape: tuple[int, ...]) -> Floats:
    """Draw what customers bring, where contacts do keep some who would have left.

    The money is that of `serving.rollout.tally.retained`, which a database counts.
    """
    p = Model.of(known).of_noise(rng.standard_normal(shape))
    leaves = rng.random(shape) < p
    contacted = p >= COSTS.threshold(COSTS.usual_value)
    leaves &= ~(contacted & (rng.random(shape) < COSTS.success_rate))
    stays = 1.0 - leaves
    cost = COSTS.contact_cost + COSTS.offer_cost * stays
    return COSTS.usual_value * stays - contacted * cost

"""How far the calibration wanders from date to date, and how well that is known.

An estimate without labels takes the probabilities at their word. On rows that the
champion was not fit on, their word is checked date by date: what the dates have in
common is corrected, and how they differ among themselves widens the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.calibration import (
    Calibration,
    fit_calibration,
    sigmoid,
    to_logit,
)

Floats = NDArray[np.float64]
Labelled = tuple[Floats, Floats]
"""Probabilities in [0, 1] and labels (1 churned, 0 stayed) of one date, (n,) each."""

_PRIOR_ROWS = 400.0
"""Rows that say that the probabilities are right as they are."""
_MIN_DATES = 4
"""Fewest dates that tell how dates differ."""
_LEAST_SLOPE = 0.05


@dataclass(frozen=True)
class Wander:
    """What the reference says of the calibration at a date that it does not hold.

    Attributes:
        centre: float64, (3,): slopes and intercept, see `Calibration`.
        error: float64, (3, 3), covariance of the centre.
        between: float64, (3, 3), covariance of one date's map about the centre; 0
            where there are too few dates to tell.
        dates: How many dates it is learnt from.
        rows: How many rows.
    """

    centre: Floats
    error: Floats
    between: Floats
    dates: int
    rows: int

    @property
    def knows_between(self) -> bool:
        """Whether there were dates enough to tell how they differ."""
        return self.dates >= _MIN_DATES

    @property
    def calibration(self) -> Calibration:
        """The map that is most likely."""
        return Calibration(*self.centre.tolist())

    def draw(self, n: int, rng: np.random.Generator) -> list[Calibration]:
        """Return maps that a new date may have.

        Args:
            n: How many.
            rng: Source of chance.
        """
        of_centre = rng.multivariate_normal(np.zeros(3), self.error, n, method="eigh")
        of_date = rng.multivariate_normal(np.zeros(3), self.between, n, method="eigh")
        if self.knows_between:  # Student's: the spread is told by few dates
            freedom = self.dates - 1
            of_date /= np.sqrt(rng.chisquare(freedom, (n, 1)) / freedom)
        found = self.centre + of_centre + of_date
        found[:, :2] = np.maximum(found[:, :2], _LEAST_SLOPE)
        return [Calibration(*row) for row in found.tolist()]


def learn_wander(parts: Sequence[Labelled]) -> Wander:
    """Return how the calibration wanders.

    Args:
        parts: Rows that the champion was not fit on, by date; one at least. Those of
            a date with one class alone are left out.

    Raises:
        ValueError: No date has both classes.

    Source:
        DerSimonian and Laird (1986), Meta-analysis in Clinical Trials, section 3, in
        three dimensions: the spread between dates is what chance leaves over.
    """
    usable = [(p, y) for p, y in parts if 0 < y.sum() < y.size]
    if not usable:
        raise ValueError(
            f"expected labelled rows of both classes to tell the calibration from, got "
            f"{len(parts)} dates without; train on more customers: `kedro run`"
        )
    maps = np.array([_fit(*part) for part in usable])
    errors = np.array([_covariance(*part) for part in usable])
    between = np.zeros((3, 3))
    if len(usable) >= _MIN_DATES:
        between = _positive(np.cov(maps.T) - errors.mean(axis=0))
    precision = np.linalg.inv(errors + between)
    error = np.linalg.inv(precision.sum(axis=0))
    centre = error @ np.einsum("dij,dj->i", precision, maps)
    rows = sum(y.size for _, y in usable)
    return Wander(centre, error, between, len(usable), rows)


def _fit(p: Floats, y: Floats) -> Floats:
    """Return the map of one date, float64, (3,)."""
    found = fit_calibration(to_logit(p), y, prior_rows=_PRIOR_ROWS)
    return np.array([found.slope_low, found.slope_high, found.intercept])


def _covariance(p: Floats, y: Floats) -> Floats:
    """Return the covariance of one date's map, by the curvature of the likelihood."""
    logit = to_logit(p)
    chance = Calibration(*_fit(p, y).tolist()).probability(logit)
    design = np.column_stack(
        [np.log(sigmoid(logit)), -np.log(sigmoid(-logit)), np.ones_like(logit)]
    )
    information = (design * (chance * (1 - chance))[:, None]).T @ design
    prior = np.diag([_PRIOR_ROWS / 4, _PRIOR_ROWS / 4, 0.0])
    return np.asarray(np.linalg.inv(information + prior + 1e-9 * np.eye(3)))


def _positive(matrix: Floats) -> Floats:
    """Return the nearest covariance: directions that chance explains have none."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)

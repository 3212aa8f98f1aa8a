"""How far the calibration wanders from date to date, and how well that is known.

An estimate without labels takes the probabilities at their word. On rows that the
champion was not fit on, their word is checked date by date: what the dates have in
common is corrected, and how they differ among themselves widens the interval.
"""

from __future__ import annotations

import datetime as dt
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
        spread: float64, (3, 3), covariance of the maps of single dates, chance and
            all; 0 where there are too few dates to tell.
        noise: float64, (3, 3), what chance alone would make of it.
        freedom: How many independent differences between dates `spread` is told by,
            which is fewer where labels of different dates look at the same days.
        dates: How many dates it is learnt from.
        rows: How many rows.
    """

    centre: Floats
    error: Floats
    spread: Floats
    noise: Floats
    freedom: float
    dates: int
    rows: int

    @property
    def knows_between(self) -> bool:
        """Whether there were dates enough to tell how they differ."""
        return self.freedom > 0

    @property
    def between(self) -> Floats:
        """Covariance of the true map of a date about the centre, most likely."""
        return _positive(self.spread - self.noise)

    @property
    def calibration(self) -> Calibration:
        """The map that is most likely."""
        return Calibration(*self.centre.tolist())

    def draw(self, n: int, rng: np.random.Generator) -> list[Calibration]:
        """Return maps that a new date may have.

        Few dates tell their spread badly: with each draw it is another one that may
        have shown itself as it did, so that dates which happen to agree do not pass
        for proof that none will differ.

        Args:
            n: How many.
            rng: Source of chance.
        """
        found = self.centre + rng.multivariate_normal(
            np.zeros(3), self.error, n, method="eigh"
        )
        if self.knows_between:
            true = self.freedom / rng.chisquare(self.freedom, (n, 1, 1))
            values, vectors = np.linalg.eigh(true * self.spread - self.noise)
            scale = np.sqrt(np.maximum(values, 0.0))
            found += np.einsum("nij,nj->ni", vectors, scale * rng.normal(size=(n, 3)))
        found[:, :2] = np.maximum(found[:, :2], _LEAST_SLOPE)
        return [Calibration(*row) for row in found.tolist()]


def learn_wander(parts: Sequence[Labelled], *, overlap: float = 0.0) -> Wander:
    """Return how the calibration wanders.

    Args:
        parts: Rows that the champion was not fit on, by date, the oldest first; one at
            least. Those of a date with one class alone are left out.
        overlap: Share of the days that labels of a date look at which those of the
            next date look at too, in [0, 1). Such dates agree more than others would,
            and are fewer than they seem.

    Raises:
        ValueError: No date has both classes, or the overlap is none.

    Source:
        DerSimonian and Laird (1986), Meta-analysis in Clinical Trials, section 3, in
        three dimensions: the spread between dates is what chance leaves over.
        Weerahandi (1993), Generalized Confidence Intervals, for drawing it. The
        overlap is ours.
    """
    if not 0 <= overlap < 1:
        raise ValueError(f"expected an overlap of 0 or more and below 1, got {overlap}")
    usable = [(p, y) for p, y in parts if 0 < y.sum() < y.size]
    if not usable:
        raise ValueError(
            f"expected labelled rows of both classes to tell the calibration from, got "
            f"{len(parts)} dates without; train on more customers: `kedro run`"
        )
    maps = np.array([_fit(*part) for part in usable])
    errors = np.array([_covariance(*part) for part in usable])
    alike = alikeness(len(usable), overlap)
    spread, freedom = np.zeros((3, 3)), 0.0
    if len(usable) >= _MIN_DATES:
        shown, freedom = _shown(alike)
        spread = np.cov(maps.T) / shown
    noise = errors.mean(axis=0)
    precision = np.linalg.inv(errors + _positive(spread - noise))
    alone = np.linalg.inv(precision.sum(axis=0))
    error = alone @ np.einsum("d,dij->ij", alike.sum(axis=1), precision) @ alone
    centre = alone @ np.einsum("dij,dj->i", precision, maps)
    rows = sum(y.size for _, y in usable)
    return Wander(centre, error, spread, noise, freedom, len(usable), rows)


def overlap_of(dates: Sequence[dt.date], label_days: int) -> float:
    """Return the share of a label's days that the next date's label looks at too.

    Args:
        dates: The observation dates.
        label_days: Days that a label looks at; 0: it stands in a column.

    Examples:
        >>> month = [dt.date(2025, 1, 1), dt.date(2025, 1, 31), dt.date(2025, 3, 2)]
        >>> overlap_of(month, 60), overlap_of(month, 20), overlap_of(month[:1], 60)
        (0.5, 0.0, 0.0)
    """
    apart = np.diff(np.array(sorted(set(dates)), dtype="datetime64[D]"))
    if not apart.size or not label_days:
        return 0.0
    return max(0.0, 1 - float(np.median(apart.astype(float))) / label_days)


def alikeness(n: int, overlap: float) -> Floats:
    """Return how much dates in a row have in common, float64, (n, n).

    Labels of two dates look at common days the fewer the further they are apart.

    Examples:
        >>> alikeness(3, 0.5).tolist()
        [[1.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 1.0]]
    """
    steps = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return np.asarray(np.maximum(0.0, 1 - steps * (1 - overlap)))


def _shown(alike: Floats) -> tuple[float, float]:
    """Return which share of their variance dates show among them, and its freedom.

    Source:
        Satterthwaite (1946), An Approximate Distribution of Estimates of Variance
        Components: the first two moments of the sample variance.
    """
    n = len(alike)
    centred = alike - alike.mean(axis=0)
    first, second = np.trace(centred), np.sum(centred * centred.T)
    return float(first / (n - 1)), float(first**2 / second)


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

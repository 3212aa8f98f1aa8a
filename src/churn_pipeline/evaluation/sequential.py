"""Comparing two models while customers come in: tests that may be looked at any time.

A fixed-sample test that is looked at every day finds a difference where there is none
sooner or later. What stands here holds at all times at once: an interval that ever
leaves out the truth does so with at most the probability stated, however often one
looks, and whatever makes one stop.

Means (log loss, Brier score, money) have asymptotic confidence sequences by Robbins's
normal mixture; failures and slow answers, which are rare, have exact tests by betting.
All functions work on whole arrays: a thousand simulated experiments are one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Verdict = Literal["better", "worse", "not_yet"]

SMALLEST_ARM = 100
"""Customers of each arm below which a period says nothing: means are not yet normal."""
RATIOS = np.array([1.25, 1.5, 2.0, 4.0, 16.0])
"""How many times as often the challenger may fail: what the bets are placed on."""
OVER = np.array([1.25, 1.5, 2.0, 4.0])
UNDER = np.array([0.0, 0.25, 0.5, 0.75])
"""Rates as parts of a limit that the bets on its being kept, or not, are placed on."""
_TINY = 1e-12


@dataclass(frozen=True)
class Sums:
    """What is kept of an arm's values, by period on the first axis.

    Attributes:
        n: float64, (n_periods, ...), how many.
        total: float64, as `n`, their sum.
        squares: float64, as `n`, the sum of their squares.
    """

    n: Floats
    total: Floats
    squares: Floats

    @classmethod
    def of(cls, values: ArrayLike, period: ArrayLike, n_periods: int) -> Sums:
        """Return the sums of values, (n,), by period, integers below `n_periods`."""
        given, by = np.asarray(values, np.float64), np.asarray(period, np.int64)

        def summed(weights: Floats) -> Floats:
            return np.bincount(by, weights, n_periods).astype(np.float64)

        return cls(summed(np.ones_like(given)), summed(given), summed(given**2))

    @classmethod
    def running(cls, values: ArrayLike) -> Sums:
        """Return the sums after each value, one period: (..., n) gives (1, ..., n)."""
        given = np.asarray(values, np.float64)[None]
        n = np.broadcast_to(np.arange(1.0, given.shape[-1] + 1), given.shape)
        return cls(n, np.cumsum(given, axis=-1), np.cumsum(given**2, axis=-1))

    @property
    def variance(self) -> Floats:
        """Variance within the periods, (...): that between them is not in it."""
        # Of numbers without a value the mean is not asked for.
        held = np.maximum(self.n, 1)
        within = (self.squares - self.total**2 / held).sum(axis=0)
        freedom = np.maximum(self.n - 1, 0).sum(axis=0)
        return np.asarray(np.maximum(within, 0) / np.maximum(freedom, 1))


@dataclass(frozen=True)
class Interval:
    """A difference of means, challenger less champion, and where it lies.

    Attributes:
        difference: float64, (...); 0 where nothing is known yet.
        low: float64, (...), lower end; minus infinity where nothing is known yet.
        high: float64, (...), upper end.
    """

    difference: Floats
    low: Floats
    high: Floats

    def verdict(self, *, lower_is_better: bool) -> Verdict:
        """Return what a single interval says of the challenger."""
        if self.high < 0:
            return "better" if lower_is_better else "worse"
        if self.low > 0:
            return "worse" if lower_is_better else "better"
        return "not_yet"


def difference(
    champion: Sums, challenger: Sums, *, level: float, planned: float
) -> Interval:
    """Return the difference of two arms' means with its confidence sequence.

    Arms are compared within each period of constant shares, and the differences put
    together by their precision: where the share rises and the customers' mood changes
    as well, the pooled means of two equal models would differ.

    Args:
        champion: Sums of the champion's values.
        challenger: Sums of the challenger's, of the same shape.
        level: Largest probability that it ever leaves out the truth, in (0, 1).
        planned: Customers of both arms, split evenly, at whom it is narrowest for its
            level; only the width depends on it.

    Returns:
        Arrays without the axis of periods.

    Source:
        Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (2024), Time-uniform central limit
        theory and asymptotic confidence sequences, Annals of Statistics 52, theorem
        2.2. The sum over periods has the increments of a Brownian motion in their
        information: Jennison and Turnbull (1999), Group Sequential Methods, chapter 3.
    """
    enough = np.minimum(champion.n, challenger.n) >= SMALLEST_ARM
    spread_a, spread_b = champion.variance, challenger.variance
    variance = np.maximum((spread_a + spread_b) / 2, _TINY)
    n_a, n_b = np.maximum(champion.n, 1), np.maximum(challenger.n, 1)
    precision = variance / np.maximum(spread_a / n_a + spread_b / n_b, _TINY)
    weight = np.where(enough & (spread_a + spread_b > _TINY), precision, 0.0)
    gap = challenger.total / n_b - champion.total / n_a
    seen = weight.sum(axis=0)
    found = (weight * gap).sum(axis=0) / np.maximum(seen, _TINY)
    radius = np.sqrt(variance) * half_width(seen, level=level, planned=planned / 4)
    return Interval(found, found - radius, found + radius)


def paired(change: Sums, *, level: float, planned: float) -> Interval:
    """Return the mean of differences within customers, with its confidence sequence.

    Args:
        change: Sums of challenger less champion, of the same customer each.
        level: Largest probability that it ever leaves out the truth, in (0, 1).
        planned: Customers at whom it is narrowest for its level.

    Returns:
        Arrays without the axis of periods.

    Source:
        As of `difference`.
    """
    seen = change.n.sum(axis=0)
    known = (seen >= SMALLEST_ARM) & (change.variance > _TINY)
    mean = change.total.sum(axis=0) / np.maximum(seen, 1)
    scale = np.sqrt(np.maximum(change.variance, _TINY))
    radius = scale * half_width(
        np.where(known, seen, 0.0), level=level, planned=planned
    )
    return Interval(mean, mean - radius, mean + radius)


def half_width(seen: Floats, *, level: float, planned: float) -> Floats:
    """Return the mixture's half width after so many values of variance 1.

    Args:
        seen: (...), how many values; of none the width is infinite.
        level: Largest probability that it ever leaves out the truth, in (0, 1).
        planned: Values at which it is narrowest for its level.

    Source:
        The same, equation 9; what it is tuned by: equation 10 of Howard, Ramdas,
        McAuliffe, Sekhon (2021), Time-uniform Chernoff bounds, approximately.
    """
    doubled = -2 * np.log(level)
    prior = planned / (doubled + np.log1p(doubled))
    spread = (seen + prior) * (np.log((seen + prior) / prior) + doubled)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(seen > 0, np.sqrt(spread) / seen, np.inf))


def bets_on_ratio(
    champion_bad: ArrayLike, champion_n: ArrayLike, bad: ArrayLike, n: ArrayLike
) -> Floats:
    """Return what bets on the challenger's failing more often win, as logarithms.

    Of the failures of a window, as many as its share of the answers fall to the
    challenger by chance, where it fails as often as the champion or less; then no bet
    wins on average, with any share, and any rate that both have in that window.

    Args:
        champion_bad: The champion's failures in a window, (...).
        champion_n: Its answers.
        bad: The challenger's failures in the window.
        n: Its answers.

    Returns:
        float64, (..., n_bets); windows add up. See `evidence`.

    Source:
        Lindon and Malek (2022), Anytime-valid inference for multinomial count data,
        NeurIPS 35, of one proportion. That failures are drawn without replacement
        makes it safer: Hoeffding (1963), theorem 4.
    """
    a, b = np.asarray(champion_bad, float)[..., None], np.asarray(bad, float)[..., None]
    n_a, n_b = np.asarray(champion_n, float)[..., None], np.asarray(n, float)[..., None]
    share = n_b / np.maximum(n_a + n_b, 1)
    won: Floats = b * np.log(RATIOS) - (a + b) * np.log1p(share * (RATIOS - 1))
    return won


def bets_over(bad: ArrayLike, n: ArrayLike, limit: float) -> Floats:
    """Return what bets on a rate above the limit win, as logarithms.

    Args:
        bad: Failures in a window, (...).
        n: Answers in the window.
        limit: The rate that is not to be exceeded, in (0, 1).

    Returns:
        float64, (..., n_bets); windows add up. See `evidence`.

    Source:
        Wald (1945), Sequential tests of statistical hypotheses, Annals of Mathematical
        Statistics 16, mixed over alternatives.
    """
    return _bets(bad, n, limit, np.minimum(OVER * limit, (1 + limit) / 2))


def bets_under(bad: ArrayLike, n: ArrayLike, limit: float) -> Floats:
    """Return what bets on a rate below the limit win; else as `bets_over`."""
    return _bets(bad, n, limit, UNDER * limit)


def _bets(bad: ArrayLike, n: ArrayLike, limit: float, rates: Floats) -> Floats:
    failed = np.asarray(bad, float)[..., None]
    fine = np.asarray(n, float)[..., None] - failed
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = np.where(failed > 0, failed * np.log(rates / limit), 0.0)
    won: Floats = lost + fine * np.log((1 - rates) / (1 - limit))
    return won


def evidence(won: ArrayLike) -> Floats:
    """Return the mean capital of bets of 1 each; 20 is reached by chance once in 20.

    Args:
        won: float64, (..., n_bets), logarithms of the capitals.

    Returns:
        float64, (...). Where no bet wins on average, it ever reaches 1 / level with
        at most the probability `level`.

    Source:
        Ville (1939), Étude critique de la notion de collectif.

    Examples:
        >>> float(evidence(np.log([1.0, 3.0])))
        2.0
    """
    return np.asarray(np.exp(np.minimum(won, 700)).mean(axis=-1))

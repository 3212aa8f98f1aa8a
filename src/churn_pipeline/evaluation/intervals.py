"""How sure a metric is: bootstrap over customers, paired between models."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from churn_pipeline.evaluation.metrics import Ranking

Floats = NDArray[np.float64]
Draws = dict[str, Floats]
"""Metric -> its value in each resample, float64, (resamples,)."""

CELLS_AT_ONCE = 2**18
"""Row weights held at a time: 2 MiB, which stay in a core's cache."""


def bootstrap(
    models: Mapping[str, Ranking],
    customer: ArrayLike,
    *,
    resamples: int,
    seed: int,
) -> dict[str, Draws]:
    """Return the metrics of several models on the same resamples of customers.

    A customer's rows are drawn together, for they are alike; drawing rows would make
    intervals too narrow.

    Args:
        models: Name -> labels and probabilities of the same rows in the same order.
        customer: (n,), customer id of each row.
        resamples: Number of resamples, at least 1.
        seed: Of the draws.

    Returns:
        Model -> metric -> float64, (resamples,). Draw i is the same customers for
        every model, so that differences of two models are paired.

    Source:
        Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 6.4.
    """
    _, code = np.unique(np.asarray(customer), return_inverse=True)
    n_customers = int(code.max()) + 1
    rng = np.random.default_rng(seed)
    at_once = max(1, CELLS_AT_ONCE // code.size)
    parts: dict[str, list[Draws]] = {name: [] for name in models}
    # A second thread gains nothing on arrays this small, and where other processes
    # want the cores its waiting made this several times slower.
    with threadpool_limits(1):
        for start in range(0, resamples, at_once):
            size = (min(at_once, resamples - start), n_customers)
            drawn = rng.integers(0, n_customers, size)
            counts = [np.bincount(row, minlength=n_customers) for row in drawn]
            weights = np.asarray(counts, dtype=np.float64)[:, code]
            for name, ranking in models.items():
                parts[name].append(ranking.measure_many(weights))
    return {name: _joined(found) for name, found in parts.items()}


def interval(point: float, draws: Floats, *, confidence: float) -> tuple[float, float]:
    """Return the two-sided bootstrap interval of a metric (percentiles).

    Not for the calibration error, which is a sum of distances and grows with noise:
    no resampling covers its truth near 0 (see `calibration_noise`). A share of 0 or 1,
    as the precision of a few contacted who all churned, has an interval without width.

    Args:
        point: The metric on the rows themselves.
        draws: float64, (resamples,), the metric in each resample.
        confidence: Share of intervals that cover the truth, in (0, 1).

    Returns:
        Low and high end; NaN where the metric or more than a tenth of its draws is
        not defined.
    """
    known = draws[np.isfinite(draws)]
    if not np.isfinite(point) or known.size < 0.9 * draws.size:
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def share_interval(hits: int, of: int, *, confidence: float) -> tuple[float, float]:
    """Return the binomial interval of a share, that is never too narrow.

    Args:
        hits: Rows that count, 0 to `of`.
        of: Rows, each by itself; of none nothing is known.
        confidence: Share of intervals that cover the truth at least, in (0, 1).

    Returns:
        Low and high end, in [0, 1]; NaN of no rows.

    Source:
        Clopper and Pearson (1934), The Use of Confidence or Fiducial Limits
        Illustrated in the Case of the Binomial.

    Examples:
        >>> low, high = share_interval(0, 10, confidence=0.95)
        >>> low, round(high, 4)
        (0.0, 0.3085)
    """
    from scipy.special import betaincinv

    if of == 0:
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    low = betaincinv(hits, of - hits + 1, tail) if hits else 0.0
    high = betaincinv(hits + 1, of - hits, 1 - tail) if hits < of else 1.0
    return float(low), float(high)


def calibration_noise(
    ranking: Ranking, *, redraws: int, confidence: float, seed: int
) -> float:
    """Return the calibration error that chance alone gives a perfect model.

    Labels are redrawn from the model's own probabilities, as if each were true: an
    error below what comes out is no sign of a fault. Rows of one customer are redrawn
    apart; where they churn together, chance gives somewhat more.

    Args:
        ranking: The model's probabilities; its labels are not looked at.
        redraws: Number of redrawn sets of labels, at least 1.
        confidence: Share of perfectly calibrated models that stay below, in (0, 1).
        seed: Of the draws.

    Returns:
        The `confidence` quantile of the calibration error, in [0, 1].

    Source:
        Vaicenavicius et al. (2019), Evaluating model calibration in classification,
        section 4, consistency resampling.
    """
    rng = np.random.default_rng(seed)
    p = ranking.probability
    found = np.empty(redraws)
    for i in range(redraws):
        off = np.add.reduceat(p - (rng.random(p.size) < p), ranking.bins)
        found[i] = np.abs(off).sum() / p.size
    return float(np.quantile(found, confidence))


def with_intervals(
    point: Mapping[str, float], draws: Mapping[str, Floats], *, confidence: float
) -> dict[str, float]:
    """Return metrics with `<name>_low` and `<name>_high` behind each that was drawn.

    Args:
        point: Metric -> value.
        draws: Metric -> its value in each resample; those not here get no interval.
        confidence: Of the intervals, in (0, 1).
    """
    flat: dict[str, float] = {}
    for name, value in point.items():
        flat[name] = value
        if name in draws:
            low, high = interval(value, draws[name], confidence=confidence)
            flat[f"{name}_low"], flat[f"{name}_high"] = low, high
    return flat


def _joined(parts: list[Draws]) -> Draws:
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}

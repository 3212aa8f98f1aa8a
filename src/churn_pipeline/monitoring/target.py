"""Target drift: whether as many customers leave as when the model learnt."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.evaluation.intervals import share_interval
from churn_pipeline.monitoring.distance import missing_change
from churn_pipeline.monitoring.domain import MIN_DATES, p_among
from churn_pipeline.monitoring.drift import DriftRule
from churn_pipeline.params import Params

Floats = NDArray[np.float64]
Dates = NDArray[np.datetime64]


class TargetVerdict(Params):
    """The churn rate of the customers whose labels have matured since.

    Attributes:
        rate: Churn rate of the newest date with mature labels, in [0, 1].
        low: Lower end of its 95 % interval.
        high: Upper end.
        date: That date.
        rows: Customers with a mature label at it.
        reference: Churn rate of the reference.
        ordinary: Largest distance of a reference date's rate from the reference's.
        limit: Distance from the reference's rate from which on it has drifted.
        p_value: Of the distance being chance, and among the dates of the reference.
        drifted: Whether the churn rate has drifted.
        confirmed: Whether it had in N of the last M windows, this one among them.
    """

    rate: float
    low: float
    high: float
    date: dt.date
    rows: int
    reference: float
    ordinary: float
    limit: float
    p_value: float
    drifted: bool
    confirmed: bool = False


def target_drift(
    known: tuple[Floats, Dates],
    labelled: tuple[Floats, Dates],
    *,
    until: dt.date,
    rule: DriftRule,
) -> TargetVerdict | None:
    """Return what became of the churn rate; None where no newer label has matured.

    Args:
        known: Labels (1, 0, NaN: not mature) of the reference, and their dates.
        labelled: The same of all that is labelled by now.
        until: The date that is judged: later ones are left out.
        rule: Limit, and how sure.
    """
    (before, before_dates), (now, now_dates) = _mature(*known), _mature(*labelled)
    if not len(before):
        return None
    newer = (now_dates > before_dates.max()) & (now_dates <= np.datetime64(until))
    if not newer.any():
        return None
    newest = now_dates == now_dates[newer].max()
    label = now[newest]
    rate, usual = float(label.mean()), float(before.mean())
    rates = np.array(
        [before[before_dates == d].mean() for d in np.unique(before_dates)]
    )
    away = float(np.abs(rates - usual).max())
    limit = rule.beyond(away, rule.churn_threshold * usual)
    change = missing_change(before == 1, label == 1)
    p_value = max(change.p_value, _p_of_dates(rate, rates))
    hits = int(label.sum())
    low, high = share_interval(hits, len(label), confidence=0.95)
    return TargetVerdict(
        rate=rate,
        low=low,
        high=high,
        date=now_dates[newest][0].item(),
        rows=len(label),
        reference=usual,
        ordinary=away,
        limit=limit,
        p_value=p_value,
        drifted=abs(rate - usual) >= limit and p_value < rule.alpha_of_part,
    )


def _p_of_dates(rate: float, rates: Floats) -> float:
    """Return the two-sided probability of such a rate among those of the dates."""
    if len(rates) < MIN_DATES:
        return 0.0
    side = np.sign(rate - rates.mean()) or 1.0
    return min(1.0, 2 * p_among(float(side * rate), side * rates, least=1e-9))


def _mature(labels: Floats, dates: Dates) -> tuple[Floats, Dates]:
    """Return the rows whose label is known."""
    kept = ~np.isnan(labels)
    return labels[kept], dates[kept]

"""Performance once labels are there, beside what was estimated and what was released.

Each month of observation is a cohort. It is judged when all of its labels have matured:
until then those who left are known and those who stayed are not, and every rate taken
from what is known would be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.monitoring.cells import Cells
from churn_pipeline.monitoring.estimate import (
    Measured,
    in_words_of,
    measure_weighted,
)
from churn_pipeline.monitoring.history import Watch
from churn_pipeline.monitoring.performance_report import (
    Cohort,
    Limits,
    PerformanceReport,
    Worse,
)
from churn_pipeline.monitoring.window_rule import WindowRule

_NORMAL = 1.959963985


def realised(
    cells: Cells, decision: Decision, *, draws: int, coverage: float, seed: int
) -> dict[str, Measured]:
    """Return the metrics by the labels, with bootstrap intervals.

    Args:
        cells: Customers whose label is known, each once.
        decision: Costs and values, for the profit.
        draws: Resamples of the customers, 20 or more.
        coverage: Share of intervals that hold the truth, in (0, 1).
        seed: Of the draws.

    Returns:
        Metric -> value and interval; what is not defined is left out.
    """
    if not cells.n:
        return {}
    rng = np.random.default_rng(seed)
    ranking = cells.ranking(decision)
    drawn = rng.multinomial(cells.n, cells.rows / cells.n, draws).astype(np.float64)
    found = measure_weighted(ranking, drawn)
    _, variance = cells.churner_gain(decision)
    earning = cells.rows * cells.called * (cells.label == 1)
    spread = np.sqrt(earning @ variance) / cells.n
    found["profit"] += rng.standard_normal(draws) * spread
    point = measure_weighted(ranking, cells.rows[None])
    told = {name: float(value[0]) for name, value in point.items()}
    return in_words_of(told, found, coverage=coverage)


def missed(
    estimated: Mapping[str, Measured], realised: Mapping[str, Measured]
) -> tuple[str, ...]:
    """Return the metrics whose realised value lies outside of the estimate."""
    return tuple(
        name
        for name, found in realised.items()
        if name in estimated and not estimated[name].holds(found.value)
    )


def find_worse(
    estimated: Mapping[str, Measured],
    realised: Mapping[str, Measured],
    reference: Mapping[str, Measured],
    limits: Limits,
) -> tuple[Worse, ...]:
    """Return what of a cohort is worse than the limits let pass, beyond chance.

    How well customers are ranked is compared with the release. Losses, rates and money
    follow how many churn, and are compared with what was to be expected of the same
    customers: their estimate.
    """
    seen = bool(realised)
    found = [_dropped(realised or estimated, reference, limits.roc_auc, seen=seen)]
    for name, sign in (("log_loss", 1), ("churn_rate", 0), ("profit", -1)):
        if name in realised and name in estimated:
            share = getattr(limits, name)
            found.append(_off(name, realised[name], estimated[name], sign, share))
    return tuple(worse for worse in found if worse is not None)


def is_confirmed(
    cohorts: Sequence[Cohort], rule: WindowRule, *, at_once: float
) -> bool:
    """Return whether N of the last M mature cohorts are worse, the newest among them.

    One that is further off than so many times a limit needs no other.

    Args:
        cohorts: The oldest first.
        rule: N and M.
        at_once: How many times, 1 or more.
    """
    measured = [cohort for cohort in cohorts if cohort.realised]
    judged = [cohort.degraded for cohort in measured]
    if not judged or not judged[-1]:
        return False
    furthest = max(worse.times for worse in measured[-1].worse if worse.seen)
    return sum(judged[-rule.m :]) >= rule.n or furthest >= at_once


def watches(report: PerformanceReport, history: Sequence[Watch]) -> list[Watch]:
    """Return what the history does not know yet of each cohort.

    An estimate that was told once stays as it was told, so that it can be held against
    what became true.
    """
    known = {(w.date, w.model_version): w for w in history}
    new = []
    for cohort in report.judged:
        key = (cohort.date, report.model_version)
        before = known.get(key)
        estimated = {} if before and before.estimated else _flat(cohort.estimated)
        found = _flat(cohort.realised)
        if before and before.realised == found:
            found = {}
        if estimated or found:
            told = Watch(date=key[0], model_version=key[1], estimated=estimated)
            new.append(told.model_copy(update={"realised": found}))
    return new


def _dropped(
    now: Mapping[str, Measured],
    then: Mapping[str, Measured],
    limit: float,
    *,
    seen: bool,
) -> Worse | None:
    """Return the drop of the ROC AUC from the release, if it is one beyond chance."""
    name = "roc_auc"
    if name not in now or name not in then:
        return None
    drop = then[name].value - now[name].value
    error = float(np.hypot(_error(now[name]), _error(then[name])))
    if drop <= limit or drop <= _NORMAL * error:
        return None
    values = {"then": then[name].value, "now": now[name].value, "limit": limit}
    return Worse(metric=name, against="release", seen=seen, **values)


def _off(
    name: str, now: Measured, then: Measured, sign: int, share: float
) -> Worse | None:
    """Return how a metric is off its estimate, on the bad side or on either (0)."""
    away = now.value - then.value
    bad = abs(away) if sign == 0 else sign * away
    limit = share * abs(then.value)
    if bad <= limit or then.holds(now.value):
        return None
    values = {"then": then.value, "now": now.value, "limit": limit}
    return Worse(metric=name, against="estimate", seen=True, **values)


def _error(found: Measured) -> float:
    return (found.high - found.low) / (2 * _NORMAL)


def _flat(metrics: Mapping[str, Measured]) -> dict[str, float]:
    """Return metrics with their ends, as the history keeps them."""
    flat: dict[str, float] = {}
    for name, found in metrics.items():
        flat |= {
            name: found.value,
            f"{name}_low": found.low,
            f"{name}_high": found.high,
        }
    return flat

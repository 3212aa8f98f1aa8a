"""What a move of columns costs: decisions and expected profit, with and without it.

The move is undone: each customer keeps their rank in the column, and the column gets
the distribution that it has in the reference. Where the customers are as they were and
only the column is wrong (a unit, a source that failed), the model's answer to the
undone row is right, and what the decisions lose by the move is the cost. Where the
customers have really changed, the cost is what would be lost if they had not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.monitoring.distance import Kind, as_texts
from churn_pipeline.monitoring.drift import Sample
from churn_pipeline.params import Params

Floats = NDArray[np.float64]
Predict = Callable[[Mapping[str, NDArray[Any]]], Floats]


class Loss(Params):
    """What the move of one or more columns does.

    Attributes:
        cost: Money a customer that the decisions of one date lose by it, if it is a
            fault; 0 or more.
        profit_change: Money a customer by which the expected profit of the calls
            differs, as the model sees it; below 0: less is to be earned than before.
        decisions_changed: Share of the customers who are called or not called because
            of it, in [0, 1].
        impact: Mean absolute change of the churn probability, in [0, 1].
    """

    cost: float
    profit_change: float
    decisions_changed: float
    impact: float


class Cause(Loss):
    """Columns that tell of one thing, drifted together.

    Attributes:
        name: What they tell of.
        columns: Those of them that drifted.
    """

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Pricing:
    """What it takes to say what a move costs.

    Attributes:
        predict: The champion: columns to churn probabilities.
        decision: Costs and values of a call.
        reference: Rows that the champion was made from.
        rows: Rows of the newest date, some thousands.
        kinds: The columns and their kinds.
        seed: Of the draws.
    """

    predict: Predict
    decision: Decision
    reference: Sample
    rows: Mapping[str, NDArray[Any]]
    kinds: Mapping[str, Kind]
    seed: int

    def loss(self, names: Sequence[str]) -> Loss:
        """Return what the move of these columns together does."""
        rng = np.random.default_rng(self.seed)
        known, rows = self.reference.columns, self.rows
        undone = {
            n: undo(known[n], rows[n], kind=self.kinds[n], rng=rng) for n in names
        }
        before = {**rows, **undone}
        now, then = self.predict(rows), self.predict(before)
        values, true_values = (
            self.decision.values(c, len(now)) for c in (rows, before)
        )
        calls = now >= self.decision.threshold(values)
        should = then >= self.decision.threshold(true_values)
        earned = self.decision.expected(then, true_values)
        believed = np.where(calls, self.decision.expected(now, values), 0.0)
        return Loss(
            cost=float(((should.astype(float) - calls) * earned).mean()),
            profit_change=float((believed - np.where(should, earned, 0.0)).mean()),
            decisions_changed=float((calls != should).mean()),
            impact=float(np.abs(now - then).mean()),
        )


def pricing(
    reference: Sample,
    current: Sample,
    kinds: Mapping[str, Kind],
    *,
    predict: Predict,
    decision: Decision,
    seed: int,
    max_rows: int = 2_000,
) -> Pricing:
    """Return what it takes, of at most so many rows of the newest date."""
    some = np.random.default_rng(seed).permutation(len(current))[:max_rows]
    rows = {name: values[some] for name, values in current.columns.items()}
    return Pricing(predict, decision, reference, rows, kinds, seed)


def find_causes(
    topics: Mapping[str, Sequence[str]], moved: Sequence[str], prices: Pricing
) -> tuple[Cause, ...]:
    """Return what drifted by what it tells of, the costliest first.

    Args:
        topics: What columns tell of -> their names; a column of none is one itself.
        moved: The columns that drifted.
        prices: Says what they cost.
    """
    of = {column: topic for topic, columns in topics.items() for column in columns}
    groups: dict[str, list[str]] = {}
    for column in moved:
        groups.setdefault(of.get(column, column), []).append(column)
    found = [
        Cause(name=topic, columns=tuple(c), **prices.loss(c).model_dump())
        for topic, c in groups.items()
    ]
    found.sort(key=lambda cause: (cause.cost, cause.impact), reverse=True)
    return tuple(found)


def undo(
    before: NDArray[Any],
    now: NDArray[Any],
    *,
    kind: Kind,
    rng: np.random.Generator,
) -> NDArray[Any]:
    """Return a column with the distribution of another, as little changed as can be.

    A number keeps its rank, ties in random order; a category stays where there are
    not too many of it; as many values are missing as in the other.

    Args:
        before: (n,), whose distribution it gets.
        now: (m,), the column.
        kind: `number` or `category`.
        rng: Source of the draws.
    """
    if kind == "category":
        return _recoupled(before, now, rng)
    source, target = np.asarray(before, np.float64), np.asarray(now, np.float64)
    present = np.sort(source[~np.isnan(source)])
    if not len(present):
        return np.full(len(target), np.nan)
    gone = _as_many_missing(np.isnan(target), float(np.isnan(source).mean()), rng)
    pool = target[~np.isnan(target)] if not np.isnan(target).all() else present
    filled = np.where(np.isnan(target), rng.choice(pool, len(target)), target)
    kept = np.flatnonzero(~gone)
    mixed = rng.permutation(kept)
    ranked = mixed[np.argsort(filled[mixed], kind="stable")]
    result = np.full(len(target), np.nan)
    at = ((np.arange(len(kept)) + 0.5) / max(len(kept), 1) * len(present)).astype(int)
    result[ranked] = present[at]
    return result


def _as_many_missing(
    gone: NDArray[np.bool_], share: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which values are missing, such that a share of them is."""
    wanted = round(share * len(gone))
    missing, present = (rng.permutation(np.flatnonzero(g)) for g in (gone, ~gone))
    result = np.zeros(len(gone), bool)
    result[missing[:wanted]] = True
    result[present[: max(0, wanted - len(missing))]] = True
    return result


def _recoupled(
    before: NDArray[Any], now: NDArray[Any], rng: np.random.Generator
) -> NDArray[Any]:
    """Return categories of which no more change than have to."""
    texts = np.concatenate([as_texts(before), as_texts(now)])
    levels, codes = np.unique(texts, return_inverse=True)
    n, size = len(before), len(levels)
    then = np.bincount(codes[:n], minlength=size) / n
    share = np.bincount(codes[n:], minlength=size) / len(now)
    stays = np.minimum(1.0, then / np.maximum(share, 1e-12))
    short = np.maximum(then - share, 0.0)
    drawn = codes[n:].copy()
    leave = rng.random(len(now)) >= stays[drawn]
    if short.sum() > 0:
        drawn[leave] = rng.choice(size, int(leave.sum()), p=short / short.sum())
    found = np.array([level[1:] if level else None for level in levels], object)
    return found[drawn]

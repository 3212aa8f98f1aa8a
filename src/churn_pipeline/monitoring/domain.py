"""Drift of columns together: can a classifier tell the newest rows from the known?

Columns that move far from date to date by themselves are left out: by tenure alone any
two dates are told apart. The AUC of the rest is judged twice: whether chance explains
it, and whether it is more than what tells one date of the reference from the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from churn_pipeline.monitoring.distance import Kind, as_texts
from churn_pipeline.monitoring.drift import DriftRule, Sample, evenly
from churn_pipeline.params import Params

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

MIN_ROWS = 100
"""Rows of a side below which nothing is told apart."""
MIN_DATES = 3
"""Dates of a reference from which on their own AUCs say what is ordinary."""
FOLDS = (0, 1)
NORMAL_95 = 1.959963985
LEANS_FROM = 0.005
"""Loss of AUC from which on the classifier leans on a column."""


class DomainVerdict(Params):
    """How well the newest rows are told from those of the reference.

    Attributes:
        auc: Area under the ROC curve of customers the classifier did not learn from;
            0.5: not at all, 1: every one.
        low: Lower end of its 95 % interval.
        high: Upper end.
        ordinary: The largest AUC that tells a date of the reference from its others.
        limit: AUC from which on it counts as drift.
        p_value: Of such an AUC by chance, and among the dates of the reference.
        drifted: Whether the columns together have drifted.
        confirmed: Whether N of the last M windows did, this one among them.
        leans_on: Column -> AUC lost when it is shuffled, the largest first.
        left_out: Columns that move far from date to date anyway.
        rows: Rows of each side.
        dates: Dates of the reference that were told from its others.
    """

    auc: float
    low: float
    high: float
    ordinary: float
    limit: float
    p_value: float
    drifted: bool
    confirmed: bool = False
    leans_on: dict[str, float] = Field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    rows: int
    dates: int


@dataclass(frozen=True)
class _Told:
    """How well two groups of rows are told apart; `drops` by column."""

    auc: float
    error: float
    p_value: float
    drops: Floats


def domain_drift(
    reference: Sample,
    current: Sample,
    kinds: Mapping[str, Kind],
    *,
    left_out: Sequence[str],
    rule: DriftRule,
    seed: int,
) -> DomainVerdict | None:
    """Return whether the columns together have drifted; None with too few rows.

    Args:
        reference: Rows that the champion was made from.
        current: Rows of the newest observation date.
        kinds: The columns and their kinds.
        left_out: Those that move far from date to date anyway.
        rule: Limits, and how many rows and dates are looked at.
        seed: Of the draws of rows.
    """
    names = [name for name in kinds if name not in left_out]
    size = min(rule.domain_rows, len(current), len(reference))
    if size < MIN_ROWS or not names:
        return None
    draw = _Draw.of(reference, current, {name: kinds[name] for name in names}, seed)
    n = len(reference)
    found = draw.tell(np.arange(n, n + len(current)), np.arange(n), size, drops=True)
    usual = np.array([t.auc for t in _between_dates(draw, reference, size, rule)])
    ordinary = float(usual.max(initial=0.5))
    limit = (1 + rule.beyond(2 * ordinary - 1, 2 * rule.auc_threshold - 1)) / 2
    p_value = max(found.p_value, p_among(found.auc, usual, least=null_error(size)))
    return DomainVerdict(
        auc=found.auc,
        low=max(0.0, found.auc - NORMAL_95 * found.error),
        high=min(1.0, found.auc + NORMAL_95 * found.error),
        ordinary=ordinary,
        limit=limit,
        p_value=p_value,
        drifted=found.auc >= limit and p_value < rule.alpha_of_part,
        leans_on=_leaning(names, found.drops),
        left_out=tuple(left_out),
        rows=size,
        dates=len(usual),
    )


def p_among(value: float, others: Floats, *, least: float) -> float:
    """Return the probability of a value as large, were it one more of the others.

    That of a t distribution, as of a prediction interval; 0 with fewer than three
    others, which say nothing of what is ordinary.

    Args:
        value: To judge.
        others: (k,), its peers.
        least: The least deviation that is believed of them.
    """
    from scipy.special import stdtr

    k = len(others)
    if k < MIN_DATES:
        return 0.0
    spread = max(float(others.std(ddof=1)), least) * math.sqrt(1 + 1 / k)
    return float(stdtr(k - 1, -(value - others.mean()) / spread))


def null_error(size: int) -> float:
    """Return the standard error of the AUC of two equal samples, each of `size`."""
    return math.sqrt((2 * size + 1) / 12) / size


def _between_dates(
    draw: _Draw, reference: Sample, size: int, rule: DriftRule
) -> list[_Told]:
    """Return how well each date of the reference is told from its others."""
    dates, counts = np.unique(reference.dates, return_counts=True)
    large = dates[counts >= size / 2]
    if len(dates) < MIN_DATES or not len(large):
        return []
    chosen = large[evenly(len(large), rule.domain_dates)]
    return [
        draw.tell(
            np.flatnonzero(reference.dates == date),
            np.flatnonzero(reference.dates != date),
            size,
        )
        for date in chosen
    ]


@dataclass(frozen=True)
class _Draw:
    """All rows as numbers, the reference first, and what is drawn of them."""

    table: Floats
    customers: Rows
    rng: np.random.Generator

    @classmethod
    def of(
        cls,
        reference: Sample,
        current: Sample,
        kinds: Mapping[str, Kind],
        seed: int,
    ) -> _Draw:
        """Return both samples; a category is a number of its own, missing is NaN."""
        both = [
            np.concatenate([reference.columns[name], current.columns[name]])
            for name in kinds
        ]
        table = [_codes(v, kind) for v, kind in zip(both, kinds.values(), strict=True)]
        customers = np.arange(len(reference) + len(current))
        if reference.customers is not None and current.customers is not None:
            ids = np.concatenate([reference.customers, current.customers])
            customers = np.unique(ids, return_inverse=True)[1].astype(np.intp)
        return cls(np.column_stack(table), customers, np.random.default_rng(seed))

    def some(self, rows: Rows, size: int) -> Rows:
        """Return at most so many rows, at most one a customer: those are no twins."""
        mixed = self.rng.permutation(rows)
        _, first = np.unique(self.customers[mixed], return_index=True)
        return mixed[np.sort(first)[:size]]

    def tell(self, new: Rows, old: Rows, size: int, *, drops: bool = False) -> _Told:
        """Return how well a classifier tells new rows from old ones.

        Each half of the customers is told apart by what was learnt from the other.
        """
        new, old = self.some(new, size), self.some(old, size)
        rows = np.concatenate([new, old])
        is_new = np.arange(len(rows)) < len(new)
        fold = self.rng.integers(0, 2, self.customers.max() + 1)[self.customers[rows]]
        halves = [self._half(rows, is_new, fold == k, drops) for k in FOLDS]
        return _Told(
            auc=sum(h.auc for h in halves) / 2,
            error=math.hypot(*(h.error for h in halves)) / 2,
            p_value=min(1.0, 2 * min(h.p_value for h in halves)),
            drops=sum((h.drops for h in halves), np.zeros(1)) / 2,
        )

    def _half(
        self,
        rows: Rows,
        is_new: NDArray[np.bool_],
        held_out: NDArray[np.bool_],
        drops: bool,
    ) -> _Told:
        """Return how well the held out rows are told apart."""
        from scipy.stats import mannwhitneyu

        y, x = is_new[held_out], self.table[rows[held_out]]
        if y.all() or not y.any() or len(set(is_new[~held_out])) == 1:
            return _Told(0.5, 0.5, 1.0, np.zeros(self.table.shape[1]))
        model = _classifier().fit(self.table[rows[~held_out]], is_new[~held_out])
        score = model.predict_proba(x)[:, 1]
        rank = mannwhitneyu(score[y], score[~y], alternative="greater")
        auc = float(rank.statistic) / (int(y.sum()) * int((~y).sum()))
        lost = np.zeros(x.shape[1])
        if drops:
            lost = np.array(
                [auc - self._shuffled(model, x, y, j) for j in range(len(lost))]
            )
        return _Told(auc, _error(auc, y), float(rank.pvalue), lost)

    def _shuffled(self, model: Any, x: Floats, y: NDArray[np.bool_], j: int) -> float:
        """Return the AUC when one column is shuffled."""
        mixed = x.copy()
        mixed[:, j] = self.rng.permutation(mixed[:, j])
        return area(y, model.predict_proba(mixed)[:, 1])


def area(y: NDArray[np.bool_], score: Floats) -> float:
    """Return the area under the ROC curve; ties count half."""
    from scipy.stats import rankdata

    n = int(y.sum())
    over = float(rankdata(score)[y].sum()) - n * (n + 1) / 2
    return over / (n * (len(y) - n))


def _error(auc: float, y: NDArray[np.bool_]) -> float:
    """Return the standard error of an AUC.

    Source: Hanley and McNeil 1982, The meaning and use of the area under a ROC curve.
    """
    n, m = int(y.sum()), int((~y).sum())
    one, other = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (n - 1) * (one - auc**2) + (m - 1) * (other - auc**2)
    return math.sqrt(spread / (n * m))


def _classifier() -> Any:
    """Return a small classifier that takes missing values and no time."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=20,
        learning_rate=0.15,
        max_leaf_nodes=8,
        max_bins=63,
        early_stopping=False,
        random_state=0,
    )


def _codes(values: NDArray[Any], kind: Kind) -> Floats:
    """Return a column as numbers, NaN where missing."""
    if kind == "number":
        return np.asarray(values, np.float64)
    levels, codes = np.unique(as_texts(values), return_inverse=True)
    found: Floats = codes.astype(np.float64)
    return np.where(levels[codes] == "", np.nan, found)


def _leaning(names: Sequence[str], drops: Floats) -> dict[str, float]:
    """Return the columns that the classifier leans on, the heaviest first."""
    order = np.argsort(-drops, kind="stable")
    return {names[j]: float(drops[j]) for j in order if drops[j] >= LEANS_FROM}

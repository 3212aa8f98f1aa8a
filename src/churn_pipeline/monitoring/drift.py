"""Which columns have drifted: further than chance, and than they ordinarily move.

A column has drifted where its distance from the reference is at least its limit and
is no chance after the correction for many columns. The limit is the stated threshold,
or, where that is more, how far the column moves between two dates of the reference
itself: tenure grows and sales have seasons without anything being wrong. No limit is
beyond reach: it stays halfway between the ordinary move and 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from churn_pipeline.monitoring.distance import Distance, Kind, distance, holm
from churn_pipeline.params import Params

PARTS = 4
"""What a report judges: columns and predictions, faults, columns together, churn."""

MOST_ORDINARY = 0.9
"""Ordinary move from which on a column is not judged: it could hardly move further."""


class DriftRule(Params):
    """When a column counts as drifted.

    Attributes:
        number_threshold: Smallest distance of a number, share of customers.
        category_threshold: Smallest distance of a category, share of customers.
        auc_threshold: Smallest AUC by which a classifier tells the newest rows from
            the reference's, 0.5 to 1.
        missing_threshold: Smallest rise of the missing share, share of customers.
        unseen_threshold: Smallest share of customers with a category, or a number out
            of the range, that the reference does not know.
        churn_threshold: Smallest change of the churn rate, share of the reference's.
        alpha: Chance of a false alarm in a whole report, after the correction.
        ordinary_factor: How many times the largest move between two reference dates
            a column may move; 0 takes the thresholds alone.
        max_dates: Reference dates that are compared with each other, at most.
        max_rows_per_date: Rows of a reference date in those comparisons, at most.
        domain_rows: Rows of each side that the classifier sees, at most.
        domain_dates: Reference dates that it tells from their others, at most.
    """

    number_threshold: float = Field(default=0.15, gt=0, le=1)
    category_threshold: float = Field(default=0.1, gt=0, le=1)
    auc_threshold: float = Field(default=0.65, gt=0.5, le=1)
    missing_threshold: float = Field(default=0.05, gt=0, le=1)
    unseen_threshold: float = Field(default=0.01, gt=0, le=1)
    churn_threshold: float = Field(default=0.2, gt=0)
    alpha: float = Field(default=0.01, gt=0, lt=1)
    ordinary_factor: float = Field(default=1.5, ge=0)
    max_dates: int = Field(default=9, ge=2)
    max_rows_per_date: int = Field(default=3_000, ge=100)
    domain_rows: int = Field(default=1_500, ge=100)
    domain_dates: int = Field(default=8, ge=3)

    @property
    def alpha_of_part(self) -> float:
        """Chance of a false alarm in one of the parts of a report."""
        return self.alpha / PARTS

    def beyond(self, ordinary: float, threshold: float) -> float:
        """Return the limit of a share that ordinarily moves so far."""
        usual = min(self.ordinary_factor * ordinary, (1 + ordinary) / 2)
        return max(threshold, usual)


@dataclass(frozen=True)
class Sample:
    """Rows of some observation dates.

    Attributes:
        columns: Name -> (n,) values; float64 with NaN, or object with None.
        dates: (n,) observation date of each row.
        customers: (n,) who each row is of; None: a row is a customer.
    """

    columns: Mapping[str, NDArray[Any]]
    dates: NDArray[np.datetime64]
    customers: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.dates)


class ColumnDrift(Params):
    """What was found of a column.

    Attributes:
        name: Column name.
        kind: `number` or `category`.
        effect: Distance between reference and current, in [0, 1].
        ordinary: Largest distance between two reference dates, in [0, 1].
        limit: Distance from which on the column counts as drifted, in [0, 1].
        judged: Whether a drift could be told from the column's ordinary moves.
        p_value: Of the distance being chance.
        p_corrected: The same, corrected for the number of columns.
        drifted: Whether the column has drifted.
        reference: Summary of the reference sample, see `summary`.
        current: Summary of the current sample.
        confirmed: Whether it drifted in N of the last M windows, this one among them.
        weighted: The effect times the share that the column's topic has in what the
            champion's answers are made of, in [0, 1]; None where that is not known.
        impact: Mean absolute change of the churn probability that the column's move
            alone makes, in [0, 1]; None where it was not measured.
        cost: Money a customer that the decisions of one date lose by that move, if it
            is a fault of the data; None where it was not estimated.
        profit_change: Money a customer by which the profit that the model expects of
            the calls differs by that move; None likewise.
        decisions_changed: Share of the customers who are called or not because of it.
    """

    name: str
    kind: Kind
    effect: float
    ordinary: float
    limit: float
    judged: bool
    p_value: float
    p_corrected: float
    drifted: bool
    reference: dict[str, float]
    current: dict[str, float]
    confirmed: bool = False
    weighted: float | None = None
    impact: float | None = None
    cost: float | None = None
    profit_change: float | None = None
    decisions_changed: float | None = None


def compare(
    reference: Sample, current: Sample, kinds: Mapping[str, Kind], *, rule: DriftRule
) -> tuple[ColumnDrift, ...]:
    """Return what has become of each column, the drifted ones first, by distance.

    Columns that the observation date alone decides (month, quarter) are left out:
    they differ between any two dates.

    Args:
        reference: Rows that the champion was trained and judged on.
        current: Rows of the newest observation date.
        kinds: The columns to compare and their kinds.
        rule: When a column counts as drifted.
    """
    names = [name for name in kinds if not is_calendar(reference, current, name)]
    found = {
        name: distance(reference.columns[name], current.columns[name], kind=kinds[name])
        for name in names
    }
    corrected = holm(np.array([found[name].p_value for name in names], np.float64))
    dates = date_groups(reference, rule)
    drifts = [
        _judge(
            name,
            found[name],
            float(p),
            samples=(reference, current, dates),
            kind=kinds[name],
            rule=rule,
        )
        for name, p in zip(names, corrected, strict=True)
    ]
    return tuple(sorted(drifts, key=lambda c: (c.drifted, c.effect), reverse=True))


def _judge(
    name: str,
    found: Distance,
    p_corrected: float,
    *,
    samples: tuple[Sample, Sample, list[NDArray[np.intp]]],
    kind: Kind,
    rule: DriftRule,
) -> ColumnDrift:
    """Return the verdict on one column."""
    reference, current, dates = samples
    ordinary = ordinary_move(reference.columns[name], dates, kind=kind)
    threshold = rule.number_threshold if kind == "number" else rule.category_threshold
    limit = rule.beyond(ordinary, threshold)
    judged = not rule.ordinary_factor or ordinary < MOST_ORDINARY
    return ColumnDrift(
        name=name,
        kind=kind,
        effect=found.effect,
        ordinary=ordinary,
        limit=limit,
        judged=judged,
        p_value=found.p_value,
        p_corrected=p_corrected,
        drifted=judged and found.effect >= limit and p_corrected < rule.alpha_of_part,
        reference=summary(reference.columns[name], kind=kind),
        current=summary(current.columns[name], kind=kind),
    )


def is_calendar(reference: Sample, current: Sample, name: str) -> bool:
    """Return whether every date has one value of it, another on another date.

    The reference alone tells that the dates differ: a constant that is another one
    now has drifted.
    """
    dates = np.concatenate([reference.dates, current.dates])
    values = np.concatenate([reference.columns[name], current.columns[name]])
    first: dict[Any, Any] = {}
    for date in np.unique(dates):
        of_date = values[dates == date]
        if not (of_date == of_date[0]).all():  # NaN is unequal to itself: no calendar
            return False
        first[date] = of_date[0]
    return len({first[date] for date in np.unique(reference.dates)}) > 1


def date_groups(sample: Sample, rule: DriftRule) -> list[NDArray[np.intp]]:
    """Return row numbers of each date, evenly chosen dates and rows, bounded."""
    dates = np.unique(sample.dates)
    chosen = dates[evenly(len(dates), rule.max_dates)]
    groups = [np.flatnonzero(sample.dates == date) for date in chosen]
    return [rows[evenly(len(rows), rule.max_rows_per_date)] for rows in groups]


def evenly(n: int, at_most: int) -> NDArray[np.intp]:
    """Return at most so many of 0 … n - 1, evenly spread, first and last among them."""
    return np.unique(np.linspace(0, n - 1, min(n, at_most)).astype(np.intp))


def ordinary_move(
    values: NDArray[Any], groups: list[NDArray[np.intp]], *, kind: Kind
) -> float:
    """Return the largest distance between two dates; 0 where there is one date."""
    return max(
        (
            distance(values[one], values[other], kind=kind).effect
            for one, other in combinations(groups, 2)
        ),
        default=0.0,
    )


def summary(values: NDArray[Any], *, kind: Kind) -> dict[str, float]:
    """Return a column in a few numbers.

    Returns:
        `missing` (share), and for a number `mean` and `median` of present values,
        for a category `share of <level>` of the five most frequent levels.
    """
    if kind == "category":
        texts = np.array([v if isinstance(v, str) else "" for v in values])
        levels, counts = np.unique(texts[texts != ""], return_counts=True)
        order = np.argsort(-counts, kind="stable")[:5]
        shares = {f"share of {levels[i]}": counts[i] / len(texts) for i in order}
        return {"missing": float((texts == "").mean())} | {
            level: float(share) for level, share in shares.items()
        }
    numbers = np.asarray(values, np.float64)
    present = numbers[~np.isnan(numbers)]
    result = {"missing": float(np.isnan(numbers).mean())}
    if len(present):
        result |= {"mean": float(present.mean()), "median": float(np.median(present))}
    return result

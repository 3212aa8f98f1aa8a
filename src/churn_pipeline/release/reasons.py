"""Reasons for one customer's probability, in words and in the features' own units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.feature import Feature
from churn_pipeline.models.table import Table
from churn_pipeline.params import Params
from churn_pipeline.release.explanation import Cell, Explainer

Floats = NDArray[np.float64]

_ROWS = 1024
_SMALL = 0.01
"""Log-odds below which a contribution is no reason: a quarter of a percent point."""
_WHOLE = 100


class Reason(Params):
    """One thing that makes a customer's churn more or less probable than usual.

    Attributes:
        topic: What it is about; a feature, or several that tell of one thing.
        feature: The feature that tells it best.
        value: The customer's value of it, in its unit; None where it is not known.
        typical: The median or most frequent value of the training rows; None where
            most have none.
        unit: Unit of a number; empty where there is none.
        contribution: What the topic adds to the log-odds of churn; 0.7 doubles the
            odds, -0.7 halves them.
        direction: Whether that raises or lowers the probability.
        text: Value and typical value in words.
    """

    topic: str
    feature: str
    value: float | str | None
    typical: float | str | None
    unit: str
    contribution: float
    direction: Literal["raises", "lowers"]
    text: str


class _Shown(NamedTuple):
    """A topic that is a reason for a row."""

    row: int
    topic: int
    contribution: float


def give_reasons(
    explainer: Explainer, table: Table, *, at_most: int, raising: bool
) -> list[list[Reason]]:
    """Return the reasons of each row, the weightiest first.

    Of a topic with several features the one is named that explains most by itself:
    whose return to its typical value would take back most of the contribution.

    Args:
        explainer: Of the artifact.
        table: The rows.
        at_most: Most reasons of a row; contributions near 0 are none.
        raising: Whether only what raises the probability is a reason.
    """
    found: list[list[Reason]] = []
    for start in range(0, len(table), _ROWS):
        rows = table.take(slice(start, start + _ROWS))
        reasons: list[list[Reason]] = [[] for _ in range(len(rows))]
        shown = list(_shown(explainer, rows, at_most, raising))
        leads = _leads(explainer, rows, shown)
        for one, feature in zip(shown, leads, strict=True):
            value = explainer.topics.value(rows, one.row, feature)
            reasons[one.row].append(_reason(explainer, one, feature, value))
        found += reasons
    return found


def _shown(
    explainer: Explainer, rows: Table, at_most: int, raising: bool
) -> Iterator[_Shown]:
    """Yield the weightiest topics of each row, in order."""
    contributions = explainer.explain(rows).contributions
    weight = contributions if raising else np.abs(contributions)
    ranked = np.argsort(-weight, axis=1, kind="stable")[:, :at_most]
    for row, topics in enumerate(ranked.tolist()):
        for topic in topics:
            if weight[row, topic] > _SMALL:
                yield _Shown(row, topic, float(contributions[row, topic]))


def _leads(explainer: Explainer, rows: Table, shown: list[_Shown]) -> list[Feature]:
    """Return the feature that speaks for each topic shown."""
    asked = [
        (position, feature)
        for position, one in enumerate(shown)
        if len(members := explainer.topics.members[one.topic]) > 1
        for feature in members
        if _is_apart(explainer, rows, one.row, feature)
    ]
    leads = [explainer.topics.members[one.topic][0] for one in shown]
    best = np.full(len(shown), -np.inf)
    for (position, feature), gain in zip(
        asked, _taken_back(explainer, rows, shown, asked).tolist(), strict=True
    ):
        if gain > best[position]:
            best[position], leads[position] = gain, feature
    return leads


def _is_apart(explainer: Explainer, rows: Table, row: int, feature: Feature) -> bool:
    """Return whether a row's value is another than the typical one."""
    value = explainer.topics.value(rows, row, feature)
    return value != explainer.reference.typical[feature.name]


def _taken_back(
    explainer: Explainer,
    rows: Table,
    shown: list[_Shown],
    asked: list[tuple[int, Feature]],
) -> Floats:
    """Return how much of a contribution each feature's typical value takes back."""
    if not asked:
        return np.empty(0)
    row = np.array([shown[position].row for position, _ in asked])
    changed = Table(rows.numbers[row], rows.categories[row])
    for place, (_, feature) in enumerate(asked):
        typical = explainer.reference.typical[feature.name]
        explainer.topics.put(changed, place, feature, typical)
    before = explainer.session.log_odds(rows)[row]
    sign = np.sign([shown[position].contribution for position, _ in asked])
    gain: Floats = sign * (before - explainer.session.log_odds(changed))
    return gain


def _reason(explainer: Explainer, one: _Shown, feature: Feature, value: Cell) -> Reason:
    typical = explainer.reference.typical[feature.name]
    return Reason(
        topic=explainer.topics.names[one.topic],
        feature=feature.name,
        value=value,
        typical=typical,
        unit=feature.unit,
        contribution=round(one.contribution, 4),
        direction="raises" if one.contribution > 0 else "lowers",
        text=in_words(feature, value, typical),
    )


def in_one_line(reasons: Sequence[Reason]) -> str:
    """Return reasons in words, one after the other, for a cell of a table."""
    return "; ".join(reason.text for reason in reasons)


def in_words(feature: Feature, value: Cell, typical: Cell) -> str:
    """Return a value beside the typical one, for people.

    Examples:
        >>> days = Feature(name="recency_days", type="number", unit="days")
        >>> in_words(days, 62.0, 9.0)
        'recency_days: 62 days (typically 9)'
        >>> in_words(days, 9.0, 9.0)
        'recency_days: 9 days (as is typical)'
        >>> plan = Feature(name="plan", type="category", description="Plan booked")
        >>> in_words(plan, "basic", None)
        'Plan booked: basic (typically none)'
    """
    unit = f" {feature.unit}" if feature.unit and value is not None else ""
    usual = "typically none" if typical is None else f"typically {_shortened(typical)}"
    beside = "as is typical" if value == typical else usual
    told = "not known" if value is None else _shortened(value)
    return f"{feature.description or feature.name}: {told}{unit} ({beside})"


def _shortened(value: float | str) -> str:
    """Return a text as it is, a number with three digits at least."""
    if isinstance(value, str):
        return value
    if abs(value) >= _WHOLE or value == round(value, 0):
        return f"{value:,.0f}"
    return f"{value:.3g}"

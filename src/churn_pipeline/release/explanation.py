"""Why a customer got a probability: contributions of what the features tell of.

Everything is in the artifact: the model, and `reference.json` with a few training rows
(no customer ids) that contributions are measured against.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.feature import Feature
from churn_pipeline.models.shapley import Players, Shapley, herd
from churn_pipeline.models.table import MISSING, Columns, Table, read_table
from churn_pipeline.params import Params
from churn_pipeline.release.session import Session

Floats = NDArray[np.float64]
Cell = float | str | None

_REFERENCES = 16

_KINDS = ("number", "category")

# When an artifact is made: rows looked at, and cells of the questions about them.
_POOL, _FEWEST, _STARTERS = 256, 64, 8
_POOL_CELLS, _WEIGHED = 2**24, 16


class Reference(Params):
    """What contributions are measured against: `reference.json`.

    Attributes:
        columns: The reference rows, feature -> values; None is missing.
        typical: Feature -> median of the training rows that have a value, most
            frequent category; None where most have none.
        importance: Topic -> mean absolute contribution over training rows, log-odds,
            the greatest first.
    """

    columns: dict[str, list[Cell]]
    typical: dict[str, Cell]
    importance: dict[str, float]

    def to_bytes(self) -> bytes:
        """Return the text of `reference.json`."""
        return (json.dumps(self.model_dump(), indent=1) + "\n").encode()


@dataclass(frozen=True)
class Explanation:
    """Contributions of rows.

    Attributes:
        topics: What the features tell of, in the order of the features.
        contributions: float64, (n_rows, n_topics), in log-odds; above 0 raises the
            churn probability. A row's sum is its log-odds less `base`.
        base: Mean log-odds of the reference rows.
    """

    topics: tuple[str, ...]
    contributions: Floats
    base: float


class Topics:
    """Which features tell of one thing.

    Attributes:
        names: Each topic once, in the order of the features.
        members: The features of each topic, in order.
        players: The same as the model's inputs see it.
        width: How many features there are.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        """Read the features of a manifest."""
        by_topic: dict[str, list[Feature]] = {}
        for feature in features:
            by_topic.setdefault(feature.topic or feature.name, []).append(feature)
        self.names = tuple(by_topic)
        self.members = tuple(map(tuple, by_topic.values()))
        self.width = len(features)
        player = {f.name: i for i, many in enumerate(self.members) for f in many}
        kinds = {k: [f.name for f in features if f.type == k] for k in _KINDS}
        numbers, categories = (
            np.array([player[name] for name in names], np.int64)
            for names in kinds.values()
        )
        self.players = Players(numbers, categories, len(self.names))
        self._column = {n: i for names in kinds.values() for i, n in enumerate(names)}

    def value(self, table: Table, row: int, feature: Feature) -> Cell:
        """Return a row's value of a feature; None where it is missing."""
        column = self._column[feature.name]
        if feature.type == "category":
            return str(table.categories[row, column]) or None
        number = table.numbers[row, column]
        return None if np.isnan(number) else shortest(number)

    def put(self, table: Table, row: int, feature: Feature, value: Cell) -> None:
        """Set a row's value of a feature, None for a missing one, in place."""
        column = self._column[feature.name]
        if feature.type == "category":
            table.categories[row, column] = MISSING if value is None else value
        else:
            table.numbers[row, column] = np.nan if value is None else value


class Explainer:
    """Explains rows by a model and its reference rows."""

    def __init__(
        self, features: Sequence[Feature], session: Session, reference: Reference
    ) -> None:
        """Ask the model for the reference rows' log-odds.

        Args:
            features: Of the manifest.
            session: The model.
            reference: What contributions are measured against.
        """
        self.reference = reference
        self.topics = Topics(features)
        self.session = session
        table = table_of(features, reference.columns)
        self._shapley = Shapley(session.log_odds, table, self.topics.players)

    def explain(self, table: Table) -> Explanation:
        """Return the contributions of rows, the same whatever else is asked."""
        found = self._shapley.contributions(table, self.session.log_odds(table))
        return Explanation(self.topics.names, found, self._shapley.mean)


def choose_reference(
    features: Sequence[Feature], session: Session, background: Table
) -> Reference:
    """Return reference rows that stand for all training rows in the model's own eyes.

    Of training rows across the range of probabilities, those are picked whose mean
    contribution of each topic is nearest to that of all: what a few rows drawn by
    chance would be off by is most of the error of an explanation. A table too wide
    for that has one reference row, of typical values.

    Args:
        features: Of the manifest.
        session: The model.
        background: Training rows, at least one.
    """
    topics = Topics(features)
    finite = np.where(np.isinf(background.numbers), np.nan, background.numbers)
    background = Table(finite, background.categories)
    ordered = background.take(np.argsort(session.log_odds(background), kind="stable"))
    typical = _typical(features, background)
    pool = _across(ordered, min(_POOL, _affordable(_STARTERS, topics)))
    if len(pool) < min(_FEWEST, len(ordered)):
        picked = table_of(features, {name: [v] for name, v in typical.items()})
    else:
        picked = pool.take(_representatives(pool, session, topics))
    shapley = Shapley(session.log_odds, picked, topics.players)
    asked = _across(ordered, min(_POOL, _affordable(len(picked), topics)))
    found = shapley.contributions(asked, session.log_odds(asked))
    weights = zip(topics.names, np.abs(found).mean(axis=0).tolist(), strict=True)
    return Reference(
        columns=columns_of(features, picked),
        typical=typical,
        importance=dict(sorted(weights, key=lambda one: -one[1])),
    )


def _representatives(
    pool: Table, session: Session, topics: Topics
) -> NDArray[np.int64]:
    """Return positions of the rows that together stand for all of a pool."""
    starters = _across(pool, _STARTERS)
    shapley = Shapley(session.log_odds, starters, topics.players)
    seen = shapley.contributions(pool, session.log_odds(pool))
    return np.sort(herd(seen, min(len(pool), _REFERENCES)))


def _affordable(n_references: int, topics: Topics) -> int:
    """Return how many rows may be explained when an artifact is made."""
    cells = 2 * n_references * len(topics.names) * topics.width
    return max(_WEIGHED, _POOL_CELLS // cells)


def _across(ordered: Table, at_most: int) -> Table:
    """Return rows from the middles of as many equal parts."""
    count = min(at_most, len(ordered))
    middles = (np.arange(count) + 0.5) / count * len(ordered)
    return ordered.take(middles.astype(np.int64))


def _typical(features: Sequence[Feature], background: Table) -> dict[str, Cell]:
    """Return the median or most frequent value of each feature."""
    found: dict[str, Cell] = {}
    for name, column in _arrays(features, background).items():
        if column.dtype == object:
            levels, counts = np.unique(column.astype(str), return_counts=True)
            found[name] = str(levels[counts.argmax()]) or None
        else:
            known = column[~np.isnan(column)]
            most = 2 * known.size >= max(column.size, 1)
            found[name] = shortest(np.median(known)) if most else None
    return found


def table_of(features: Sequence[Feature], columns: Columns) -> Table:
    """Return columns as a model of these features reads them.

    Raises:
        ValueError: A feature's column is missing, or has text for a number.
    """
    numbers = [f.name for f in features if f.type == "number"]
    categories = [f.name for f in features if f.type == "category"]
    return read_table(columns, numbers=numbers, categories=categories)


def columns_of(features: Sequence[Feature], table: Table) -> dict[str, list[Cell]]:
    """Return a table as columns by name, None where a number is missing."""
    found = {}
    for name, column in _arrays(features, table).items():
        values = column.astype(object)
        if column.dtype != object:
            values[np.isnan(column)] = None
        found[name] = values.tolist()
    return found


def shortest(value: float) -> float:
    """Return the float32 nearest to a number, in as few digits as tell it apart.

    Examples:
        >>> float(np.float32(20.1)), shortest(np.float32(20.1))
        (20.100000381469727, 20.1)
    """
    return float(str(np.float32(value)))


def _arrays(features: Sequence[Feature], table: Table) -> dict[str, NDArray[Any]]:
    """Return the columns of a table by name, in the order of its inputs."""
    names = {kind: [f.name for f in features if f.type == kind] for kind in _KINDS}
    return {
        **{n: table.numbers[:, i] for i, n in enumerate(names["number"])},
        **{n: table.categories[:, i] for i, n in enumerate(names["category"])},
    }

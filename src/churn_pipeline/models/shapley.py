"""Contributions of a row's values to its log-odds: interventional Shapley values.

A value's worth is what changes when it takes the place of a reference row's value,
averaged over the orders in which the values can do so and over the reference rows.
Each reference row is walked to the row that is explained in one order and in that
order's reverse. For a model whose features act alone or in pairs the two together
give the Shapley value exactly, so that few orders do; where three features act
together, what is left is noise. The sum over a walk telescopes: contributions always
add up to the row's log-odds less the mean of the reference rows'.

Features that tell of one thing are one player: they are taken over together, so that
no impossible row is made of them and no credit is lost among them.

Source:
    Lundberg and Lee (2017), A Unified Approach to Interpreting Model Predictions.
    Mitchell et al. (2022), Sampling Permutations for Shapley Value Estimation:
    antithetic permutations.
    Janzing et al. (2020), Feature relevance quantification in explainable AI: why
    features are set, and not conditioned on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.table import Table

Floats = NDArray[np.float64]
Logit = Callable[[Table], Floats]

_SEED = 20_240_101
_BATCH = 4096
"""Rows that the model is asked at a time."""
_EXCHANGES = 5
_CELLS = 2**18
"""Steps of walks that are looked at at a time; the answer does not depend on it."""


@dataclass(frozen=True)
class Players:
    """Which player each feature belongs to.

    Attributes:
        numbers: int64, (n_numbers,), position of the player of each number.
        categories: int64, (n_categories,), the same of each category.
        count: How many players there are.
    """

    numbers: NDArray[np.int64]
    categories: NDArray[np.int64]
    count: int


class Shapley:
    """Explains rows against reference rows, always in the same orders.

    Attributes:
        mean: Mean log-odds of the reference rows, from which contributions count.
    """

    def __init__(self, logit: Logit, reference: Table, players: Players) -> None:
        """Ask the model for the log-odds of the reference rows.

        Args:
            logit: The model, from rows to log-odds, float64, (n_rows,).
            reference: The reference rows, at least one.
            players: Which features are taken over together.
        """
        self._logit = logit
        self._reference = reference
        self._players = players
        self._base = logit(reference)
        self.mean = float(self._base.mean())
        everyone = np.tile(np.arange(players.count), (len(reference), 1))
        order = np.random.default_rng(_SEED).permuted(everyone, axis=1)
        self._orders = np.concatenate([order, order[:, ::-1]])  # (n_walks, n_players)
        self._position = np.argsort(self._orders, axis=1)
        self._of_walk = np.tile(np.arange(len(reference)), 2)

    def contributions(self, rows: Table, logit: Floats) -> Floats:
        """Return what each player adds to the log-odds, float64, (n_rows, n_players).

        A player whose values a row shares with a reference row adds exactly 0 there,
        and costs no question to the model.

        Args:
            rows: The rows to explain.
            logit: The model's answers to them, float64, (n_rows,).

        Returns:
            Values whose sum over a row is its log-odds less `mean`.
        """
        step = max(1, _CELLS // self._orders.size)
        parts = [slice(start, start + step) for start in range(0, len(rows), step)]
        found = [self._part(rows.take(part), logit[part]) for part in parts]
        return np.concatenate([np.empty((0, self._players.count)), *found])

    def _part(self, rows: Table, logit: Floats) -> Floats:
        """Return the contributions of some rows."""
        changed = self._changed(rows)[:, self._of_walk]
        moves = np.take_along_axis(changed, self._orders[None], axis=2)
        # Only a move that changes a value, and is not the last, leads to a new row.
        is_last = moves & (np.cumsum(moves[:, :, ::-1], axis=2)[:, :, ::-1] == 1)
        reached = np.where(is_last, logit[:, None, None], 0.0)
        asked = moves & ~is_last
        reached[asked] = self._answers(rows, np.nonzero(asked))
        start = np.broadcast_to(self._base[self._of_walk, None], moves[:, :, :1].shape)
        path = np.concatenate([start, reached], axis=2)
        new = np.concatenate([np.ones_like(start, bool), moves], axis=2)
        last = np.maximum.accumulate(np.where(new, np.arange(path.shape[2]), 0), axis=2)
        steps = np.diff(np.take_along_axis(path, last, axis=2), axis=2)
        mean: Floats = np.take_along_axis(steps, self._position[None], 2).mean(axis=1)
        return mean

    def _changed(self, rows: Table) -> NDArray[np.bool_]:
        """Return where a player's values differ, (n_rows, n_references, n_players)."""
        a, b = rows.numbers[:, None], self._reference.numbers
        numbers: NDArray[np.bool_] = (a != b) & ~(np.isnan(a) & np.isnan(b))
        texts = (rows.categories[:, None] != self._reference.categories).astype(bool)
        players = np.arange(self._players.count)
        found: NDArray[np.bool_] = numbers @ (self._players.numbers[:, None] == players)
        found |= texts @ (self._players.categories[:, None] == players)
        return found

    def _answers(self, rows: Table, asked: tuple[NDArray[np.int64], ...]) -> Floats:
        """Return the model's answers to the rows on the way, float64, (n_asked,)."""
        answers = np.empty(len(asked[0]))
        for start in range(0, len(answers), _BATCH):
            part = slice(start, start + _BATCH)
            answers[part] = self._logit(self._between(rows, *(a[part] for a in asked)))
        return answers

    def _between(
        self,
        rows: Table,
        row: NDArray[np.int64],
        walk: NDArray[np.int64],
        move: NDArray[np.int64],
    ) -> Table:
        """Return the rows that so many moves of a walk lead to."""
        taken = self._position[walk] <= move[:, None]
        back = self._of_walk[walk]
        return Table(
            np.where(
                taken[:, self._players.numbers],
                rows.numbers[row],
                self._reference.numbers[back],
            ),
            np.where(
                taken[:, self._players.categories],
                rows.categories[row],
                self._reference.categories[back],
            ),
        )


def herd(values: Floats, count: int) -> NDArray[np.int64]:
    """Return positions of rows whose mean is nearest to that of all, without repeats.

    Picked one by one, each time the row that brings the mean of the picked ones
    nearest, then exchanged one by one while that helps.

    Args:
        values: float64, (n_rows, n_values).
        count: How many rows to pick, 1 to n_rows.

    Source:
        Welling (2009), Herding Dynamical Weights to Learn.
    """
    centred = values - values.mean(axis=0)
    picked: list[int] = []
    total = np.zeros(values.shape[1])
    for _ in range(count):
        picked.append(_nearest(centred, total, picked))
        total = total + centred[picked[-1]]
    for _ in range(_EXCHANGES):
        for place, old in enumerate(picked):
            others = picked[:place] + picked[place + 1 :]
            total = total - centred[old]
            picked[place] = _nearest(centred, total, others)
            total = total + centred[picked[place]]
    return np.array(picked, np.int64)


def _nearest(centred: Floats, total: Floats, taken: list[int]) -> int:
    """Return the row not taken that, added to a total, leaves it nearest to 0."""
    distance = np.square(total + centred).sum(axis=1)
    distance[taken] = np.inf
    return int(distance.argmin())

"""Contributions are the Shapley values, add up, and are the same each time."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest

from churn_pipeline.models.shapley import Players, Shapley, herd
from churn_pipeline.models.table import Table

ALONE = Players(np.array([0, 1, 2]), np.array([3]), 4)


def rows(n_rows: int, seed: int) -> Table:
    rng = np.random.default_rng(seed)
    numbers = rng.normal(0, 1, (n_rows, 3)).astype(np.float32)
    return Table(numbers, rng.choice(["a", "b"], (n_rows, 1)).astype(object))


def in_pairs(table: Table) -> np.ndarray:
    x, is_a = table.numbers.astype(float), table.categories[:, 0] == "a"
    return 1 + 2 * x[:, 0] - x[:, 1] ** 2 + 3 * x[:, 0] * x[:, 1] + x[:, 0] * is_a


def in_threes(table: Table) -> np.ndarray:
    x, is_a = table.numbers.astype(float), table.categories[:, 0] == "a"
    return in_pairs(table) + x[:, 0] * x[:, 1] * is_a


def by_definition(logit, row: Table, reference: Table, players: Players) -> np.ndarray:
    """Shapley values by their definition, over all coalitions."""

    def worth(coalition: tuple[int, ...]) -> float:
        taken = np.isin(players.numbers, coalition)
        texts = np.isin(players.categories, coalition)
        mixed = Table(
            np.where(taken, row.numbers, reference.numbers),
            np.where(texts, row.categories, reference.categories),
        )
        return logit(mixed).mean()

    found = np.zeros(players.count)
    for player in range(players.count):
        others = [other for other in range(players.count) if other != player]
        for size in range(players.count):
            weight = 1 / (players.count * comb(players.count - 1, size))
            for given in combinations(others, size):
                gain = worth((*given, player)) - worth(given)
                found[player] += weight * gain
    return found


@pytest.mark.parametrize(
    "players", [ALONE, Players(np.array([0, 1, 1]), np.array([0]), 2)]
)
def test_features_that_act_alone_or_in_pairs_get_their_shapley_values(players):
    table, reference = rows(5, seed=0), rows(3, seed=1)
    shapley = Shapley(in_pairs, reference, players)
    found = shapley.contributions(table, in_pairs(table))
    for position in range(5):
        row = table.take(slice(position, position + 1))
        expected = by_definition(in_pairs, row, reference, players)
        np.testing.assert_allclose(found[position], expected, atol=1e-6)


def test_where_three_act_together_few_orders_come_near_and_more_come_nearer():
    table, reference = rows(20, seed=0), rows(8, seed=1)
    logit = in_threes(table)
    expected = np.array(
        [
            by_definition(in_threes, table.take(slice(i, i + 1)), reference, ALONE)
            for i in range(20)
        ]
    )
    few = Shapley(in_threes, reference, ALONE).contributions(table, logit)
    often = Table(
        np.tile(reference.numbers, (50, 1)), np.tile(reference.categories, (50, 1))
    )
    many = Shapley(in_threes, often, ALONE).contributions(table, logit)
    assert np.abs(few - expected).mean() < 0.05 * np.abs(expected).mean()
    assert np.abs(many - expected).mean() < 0.3 * np.abs(few - expected).mean()


def test_contributions_add_up_to_the_log_odds_whatever_the_model():
    table, reference = rows(30, seed=0), rows(4, seed=1)
    logit = in_threes(table)
    shapley = Shapley(in_threes, reference, ALONE)
    total = shapley.contributions(table, logit).sum(axis=1)
    np.testing.assert_allclose(total, logit - in_threes(reference).mean(), atol=1e-9)


def test_what_the_model_does_not_use_gets_nothing():
    table = rows(10, seed=0)
    shapley = Shapley(in_pairs, rows(4, seed=1), ALONE)
    assert not shapley.contributions(table, in_pairs(table))[:, 2].any()


def test_values_that_all_rows_share_cost_no_question_and_add_nothing():
    asked = []

    def counted(table: Table) -> np.ndarray:
        asked.append(len(table))
        return in_pairs(table)

    reference = rows(4, seed=1)
    table = rows(1, seed=0)
    numbers = np.tile(table.numbers, (4, 1))
    numbers[:, 0] += 1
    numbers[:, 2] = table.numbers[0, 2] = np.nan
    reference = Table(numbers, np.tile(table.categories, (4, 1)))
    shapley = Shapley(counted, reference, ALONE)
    (found,) = shapley.contributions(table, in_pairs(table))
    assert asked == [4]
    assert found[1:].tolist() == [0, 0, 0]
    assert found[0] == pytest.approx((in_pairs(table) - in_pairs(reference)).mean())


def test_a_row_is_explained_alike_alone_and_among_others():
    table = rows(700, seed=0)
    shapley = Shapley(in_threes, rows(16, seed=1), ALONE)
    whole = shapley.contributions(table, in_threes(table))
    last = table.take(slice(699, 700))
    alone = shapley.contributions(last, in_threes(last))
    np.testing.assert_array_equal(alone[0], whole[699])


def test_no_rows_get_no_contributions():
    shapley = Shapley(in_pairs, rows(4, seed=1), ALONE)
    assert shapley.contributions(rows(0, seed=0), np.empty(0)).shape == (0, 4)


def test_picked_rows_have_nearly_the_mean_of_all():
    values = np.random.default_rng(0).normal(5, 1, (256, 6))
    picked = herd(values, 16)
    assert len(set(picked.tolist())) == 16
    off = np.abs(values[picked].mean(axis=0) - values.mean(axis=0)).mean()
    assert off < 0.1 * np.abs(values[:16].mean(axis=0) - values.mean(axis=0)).mean()


def test_all_rows_can_be_picked():
    assert sorted(herd(np.arange(6.0).reshape(3, 2), 3).tolist()) == [0, 1, 2]

"""One mistyped number does not widen a proposed range; a long tail is no slip."""

import ibis
import numpy as np
import pytest

from churn_pipeline.tables import Customers
from churn_pipeline.validation.adoption import MOST_ALLOWED, propose
from churn_pipeline.validation.facts import facts_of


def _facts(values):
    rows = {"x": values, "_row": np.arange(1, len(values) + 1)}
    table = ibis.duckdb.connect().create_table("t", ibis.memtable(rows).to_pyarrow())
    (found,) = facts_of(table, Customers(customer_id=None), most_levels=MOST_ALLOWED)
    return found


def _ages(n_rows=2000):
    return np.random.default_rng(0).integers(18, 95, n_rows).astype(float) + 0.5


def test_one_mistyped_number_is_told_and_does_not_widen_the_range():
    ages = _ages()
    ages[7] = 999_999.0
    proposal = propose(_facts(ages))
    assert (proposal.column.min, proposal.column.max) == (0, 200)
    assert proposal.is_warning
    assert "1 far from all others, as 999999, rejects its row" in proposal.note


def test_a_mistyped_negative_number_is_told_too():
    ages = _ages()
    ages[7] = -1e9
    found = _facts(ages)
    assert (found.low, found.far_off, found.farthest) == (18.5, 1, -1e9)


@pytest.mark.parametrize("n_rows", [300, 3000, 100_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_long_tail_is_kept_whole(n_rows, seed):
    amounts = np.random.default_rng(seed).lognormal(3, 2, n_rows)
    found = _facts(amounts)
    assert (found.far_off, found.high) == (0, amounts.max())


def test_what_is_frequent_is_no_slip():
    ages = _ages()
    ages[:40] = 99_999.0
    found = _facts(ages)
    assert (found.far_off, found.high) == (0, 99_999)


@pytest.mark.parametrize("values", [[0.0] * 500 + [3.0], [5.0], [None, 1.0]])
def test_a_column_without_a_tail_is_taken_as_it_is(values):
    found = _facts(np.array(values, dtype=float))
    assert found.far_off == 0
    assert found.high == max(v for v in values if v is not None)

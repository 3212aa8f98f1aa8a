from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from churn_pipeline.simulation.dirt import SPOIL, add_dirt

GOOD = pa.table(
    {
        "transaction_id": [f"T{i}" for i in range(10)],
        "customer_id": ["C1"] * 10,
        "event_time": ["2024-05-01 10:00:00"] * 10,
        "amount": ["12.5"] * 10,
    }
)


def dirty(kind: str) -> list[dict[str, str | None]]:
    rng = np.random.default_rng(0)
    table, counts = add_dirt(rng, GOOD, "transactions", [kind], 0.1)
    assert counts == {kind: 1}
    assert table.num_rows == 11
    return table.to_pylist()


def test_a_duplicate_follows_the_row_that_it_repeats() -> None:
    ids = [row["transaction_id"] for row in dirty("duplicate_id")]
    [twice] = {one for one in ids if ids.count(one) == 2}
    original = ids.index(twice)
    assert [one for one in ids if one != twice] == [
        one for one in (f"T{i}" for i in range(10)) if one != twice
    ]
    assert original == int(str(twice)[1:])


@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [
        ("blank_id", "customer_id", ""),
        ("text_in_number", "amount", "twelve"),
        ("date_in_other_year", "event_time", "1970-01-01 00:00:00"),
    ],
)
def test_one_cell_is_spoilt(kind: str, column: str, value: str) -> None:
    bad = [row for row in dirty(kind) if row[column] == value]
    assert len(bad) == 1
    assert "X" in str(bad[0]["transaction_id"])


def test_a_slid_row_has_its_cells_one_column_on() -> None:
    [bad] = [row for row in dirty("slid_row") if row["transaction_id"] is None]
    assert str(bad["customer_id"]).startswith("T")
    assert bad["event_time"] == "C1"
    assert bad["amount"] == "2024-05-01 10:00:00"


def test_good_rows_stay_as_they_were_and_in_order() -> None:
    rng = np.random.default_rng(0)
    table, _ = add_dirt(rng, GOOD, "transactions", ["blank_id", "slid_row"], 0.2)
    kept = [row for row in table.to_pylist() if row in GOOD.to_pylist()]
    assert kept == GOOD.to_pylist()


def test_no_share_no_bad_rows() -> None:
    table, counts = add_dirt(
        np.random.default_rng(0), GOOD, "transactions", list(SPOIL["transactions"]), 0.0
    )
    assert table.equals(GOOD)
    assert counts == {}


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="got haunted"):
        add_dirt(np.random.default_rng(0), GOOD, "transactions", ["haunted"], 0.1)

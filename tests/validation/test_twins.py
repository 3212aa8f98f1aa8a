"""Copies of rows are told; rows that could not but be alike are not."""

import ibis
import numpy as np
import pandas as pd

from churn_pipeline.tables import Column, Table
from churn_pipeline.validation.params import DataValidation
from churn_pipeline.validation.twins import twin_findings


def _found(frame):
    columns = {name: Column(type="number") for name in frame.columns}
    rows = frame.assign(customer_id=[str(row) for row in range(len(frame))])
    table = Table(customer_id="customer_id", columns=columns)
    return list(
        twin_findings("customers", ibis.memtable(rows), table, DataValidation())
    )


def _drawn(rows):
    drawn = np.random.default_rng(1).random((rows, 2))
    return pd.DataFrame(drawn, columns=["a", "b"]).assign(c=1.0)


def test_copies_are_told_with_their_number():
    drawn = _drawn(100)
    (found,) = _found(pd.concat([drawn, drawn.head(5)], ignore_index=True))
    assert (found.level, found.key) == ("warn", "customers: equal rows")
    assert "10 of 105" in found.message


def test_blanks_in_the_same_places_make_twins_too():
    drawn = _drawn(100).assign(c=np.nan)
    assert _found(pd.concat([drawn, drawn.head(5)], ignore_index=True))


def test_a_single_copy_among_many_rows_is_not_worth_telling():
    drawn = _drawn(1_000)
    assert not _found(pd.concat([drawn, drawn.head(1)], ignore_index=True))


def test_rows_of_few_possible_values_are_alike_by_chance():
    ages = np.random.default_rng(2).integers(20, 60, 500)
    assert not _found(pd.DataFrame({"age": ages.astype(float)}))

"""What the typed tables guarantee, and how a broken guarantee is told."""

from typing import Any

import ibis
import pandas as pd
import pytest

from churn_pipeline.validation.errors import DataValidationError
from churn_pipeline.validation.schemas import ModelInput, PrimaryTable

DATASET: dict[str, Any] = {
    "name": "mine",
    "shape": "snapshot",
    "snapshot_date": "2024-01-01",
    "label": {"rule": "column", "column": "left", "positive": "Yes"},
    "tables": {
        "customers": {
            "customer_id": "id",
            "columns": {
                "months": {"type": "integer", "min": 0, "max": 72},
                "plan": {"type": "category", "allowed": ["a", "b"]},
                "charge": {"type": "number", "nullable": False},
            },
        }
    },
}
GOOD = {
    "customer_id": ["1", "2"],
    "months": [3, 72],
    "plan": ["a", None],
    "charge": [1.5, 2.5],
    "label": [0.0, 1.0],
}


def customers(**columns: list[Any]) -> ibis.Table:
    types = {"customer_id": "string", "months": "int64", "plan": "string"}
    schema = ibis.schema(types | {"charge": "float64", "label": "float64"})
    return ibis.memtable(pd.DataFrame(GOOD | columns), schema=schema)


def validate(table: ibis.Table) -> ibis.Table:
    return PrimaryTable(table="customers", dataset=DATASET).validate(table)


def test_a_table_as_declared_passes() -> None:
    table = customers()
    assert validate(table) is table


def test_a_table_of_no_rows_passes() -> None:
    table = customers().limit(0)
    assert validate(table) is table


BROKEN = {
    "range": ({"months": [3, 99]}, r"months: expected .*72.*, got 99"),
    "category": ({"plan": ["a", "z"]}, r"plan: expected isin.*, got z"),
    "null": ({"charge": [1.5, None]}, r"charge: expected not_nullable"),
    "label": ({"label": [0.0, 2.0]}, r"label: expected isin.*, got 2\.0"),
    "id": ({"customer_id": ["1", "1"]}, r"one row for each customer_id, got .* for 1"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_guarantee_names_column_check_and_value(name: str) -> None:
    columns, message = BROKEN[name]
    with pytest.raises(DataValidationError, match=message):
        validate(customers(**columns))


def model_input(**columns: list[Any]) -> pd.DataFrame:
    rows = {
        "customer_id": ["1", "1", "2"],
        "observation_date": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-01-01"]),
        "label": [1.0, float("nan"), 0.0],
        "split": ["train", "not_mature", "test"],
        "fold": [0, -1, -1],
    }
    return pd.DataFrame(rows | columns)


def test_model_input_as_promised_passes() -> None:
    rows = model_input()
    assert ModelInput().validate(rows) is rows


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"split": ["train", "train", "test"]}, "label missing in a split"),
        ({"fold": [0, -1, 1]}, "fold missing in a training row"),
        ({"fold": [-1, -1, -1]}, "fold missing in a training row"),
        ({"split": ["train", "not_mature", "tst"]}, r"split: expected isin.*, got tst"),
        ({"label": [1.0, float("nan"), 0.5]}, r"label: expected isin.*, got 0\.5"),
        ({"customer_id": ["1", "1", None]}, "customer_id: expected not_nullable"),
        (
            {"observation_date": pd.to_datetime(["2024-01-01"] * 3)},
            "multiple_fields_uniqueness|unique",
        ),
    ],
)
def test_model_input_that_is_otherwise_is_refused(
    columns: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataValidationError, match=message):
        ModelInput().validate(model_input(**columns))

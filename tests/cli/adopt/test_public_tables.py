"""Public tables of churners are described as a person would."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.cli.adopt.inputs import described, run

REAL = Path(os.environ.get("CHURN_DATA_DIR", Path.cwd().parent / "shared" / "data"))

REAL_FILES = {
    "telco": (
        "telco/WA_Fn-UseC_-Telco-Customer-Churn.csv",
        ["--target", "Churn", "--positive", "Yes", "--id", "customerID"],
        {"TotalCharges": "number", "tenure": "integer", "Contract": "category"},
    ),
    "bank": (
        "bank/Churn_Modelling.csv",
        ["--target", "Exited", "--positive", "1", "--id", "CustomerId"],
        {"Balance": "number", "Geography": "category", "Age": "integer"},
    ),
}


def look_alike(name: str) -> pd.DataFrame:
    """Return a table of the columns and quirks of a public one."""
    draw = np.random.default_rng(0)
    n = 400
    tenure = draw.integers(0, 73, n)
    if name == "telco":
        return pd.DataFrame(
            {
                "customerID": [f"{i:04d}-ABCDE" for i in range(n)],
                "tenure": tenure,
                "Contract": draw.choice(["Month-to-month", "One year"], n),
                "TotalCharges": [f"{m * 70.35:.2f}" if m else " " for m in tenure],
                "Churn": draw.choice(["Yes", "No"], n, p=[0.27, 0.73]),
            }
        )
    return pd.DataFrame(
        {
            "CustomerId": draw.permutation(10**6)[:n] + 15_000_000,
            "Geography": draw.choice(["France", "Spain", "Germany"], n),
            "Age": draw.integers(18, 92, n),
            "Balance": draw.choice([0.0, 125_510.82, 83_807.86], n),
            "Exited": draw.integers(0, 2, n),
        }
    )


@pytest.mark.parametrize("name", REAL_FILES)
def test_a_public_table_is_described(name: str) -> None:
    file, options, types = REAL_FILES[name]
    path = REAL / file
    if not path.exists():
        path = Path("look_alike.csv")
        look_alike(name).to_csv(path, index=False)
    assert run(path, *options).exit_code == 0
    columns = described().tables.customers.columns
    assert {column: columns[column].type for column in types} == types

"""A made-up table of customers, and `kedro churn adopt` run on a file."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from click.testing import CliRunner, Result

from churn_pipeline.cli.adopt import adopt
from churn_pipeline.dataset import Dataset

SNAPSHOT = ["--target", "left", "--positive", "Yes", "--id", "id"]
"""Options that adopt `table`."""


def table(rows: int = 400) -> pd.DataFrame:
    """Return customers with columns of every kind, a quarter of whom left."""
    draw = np.random.default_rng(0)
    left = np.where(np.arange(rows) % 4 == 0, "Yes", "No")
    return pd.DataFrame(
        {
            "id": [f"C{i:04d}" for i in range(rows)],
            "row": range(1, rows + 1),
            "gender": draw.choice(["f", "m"], rows),
            "tenure months": draw.integers(0, 70, rows),
            "charge": draw.normal(70, 9, rows).round(2),
            "since": pd.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d"),
            "note": [f"a text of row {i}" for i in range(rows)],
            "same": "x",
            "churn reason": np.where(left == "Yes", "price", ""),
            "left": left,
        }
    )


def run(path: Path, *options: str, name: str = "mine") -> Result:
    """Adopt a file as a data set."""
    return CliRunner().invoke(adopt, [name, str(path), *options])


def described(name: str = "mine") -> Dataset:
    """Return the data set as the command described it."""
    text = Path("conf", name, "dataset.yml").read_text(encoding="utf-8")
    return Dataset.model_validate(yaml.safe_load(text)["dataset"])

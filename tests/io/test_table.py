"""What Kedro-Viz shows of a table and of a model."""

import datetime as dt

import ibis
import pandas as pd
from kedro.io import Version

from churn_pipeline.io.artifact import ArtifactDataset
from churn_pipeline.io.table import TableDataset, first_rows
from tests.factories import tiny_artifact


def test_a_preview_has_the_first_rows_and_none_where_missing() -> None:
    rows = pd.DataFrame({"name": ["a", None, "c"], "amount": [1.5, float("nan"), 2.0]})
    assert first_rows(ibis.memtable(rows), 2) == {
        "index": [0, 1],
        "columns": ["name", "amount"],
        "data": [["a", 1.5], [None, None]],
    }


def test_a_table_is_previewed_as_it_was_saved(tmp_path) -> None:
    dataset = TableDataset(filepath=str(tmp_path / "t.parquet"))
    dataset.save(ibis.memtable(pd.DataFrame({"day": [dt.date(2025, 1, 31)] * 30})))
    preview = dataset.preview(nrows=4)
    assert preview["columns"] == ["day"]
    assert preview["data"] == [[dt.date(2025, 1, 31)]] * 4


def test_a_model_is_previewed_by_its_manifest(tmp_path) -> None:
    dataset = ArtifactDataset(
        filepath=str(tmp_path / "model"), version=Version(None, "v1")
    )
    dataset.save(tiny_artifact())
    assert '"version":"v1"' in dataset.preview()

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from kedro.io import DatasetError

from churn_pipeline.io.stream import ArrowStreamDataset, Part


def rows(*values: int) -> pa.Table:
    return pa.table({"value": list(values)})


def test_parts_become_one_table_with_the_last(tmp_path: Path) -> None:
    dataset = ArrowStreamDataset(filepath=str(tmp_path / "deep" / "t.parquet"))
    dataset.save(Part(rows(1, 2), is_last=False))
    assert not dataset.exists()
    dataset.save(Part(rows(3), is_last=True))
    assert dataset.load().order_by("value").to_pyarrow()["value"].to_pylist() == [
        1,
        2,
        3,
    ]
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["t.parquet"]


def test_an_unfinished_table_leaves_the_old_one(tmp_path: Path) -> None:
    path = str(tmp_path / "t.parquet")
    ArrowStreamDataset(filepath=path).save(Part(rows(1), is_last=True))
    ArrowStreamDataset(filepath=path).save(Part(rows(7), is_last=False))
    again = ArrowStreamDataset(filepath=path)
    assert again.load().to_pyarrow()["value"].to_pylist() == [1]
    again.save(Part(rows(5), is_last=True))
    assert again.load().to_pyarrow()["value"].to_pylist() == [5]


def test_a_part_is_saved_once(tmp_path: Path) -> None:
    part = Part(rows(1), is_last=False)
    dataset = ArrowStreamDataset(filepath=str(tmp_path / "t.parquet"))
    dataset.save(part)
    with pytest.raises(DatasetError, match="expected a part that was not saved yet"):
        dataset.save(part)

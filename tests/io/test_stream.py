from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest
from kedro.io import DatasetError

from churn_pipeline import processes
from churn_pipeline.io.stream import ArrowStreamDataset, Part


def rows(*values: int) -> pa.Table:
    return pa.table({"value": list(values)})


def test_parts_become_one_table_with_the_last(tmp_path: Path) -> None:
    dataset = ArrowStreamDataset(filepath=str(tmp_path / "deep" / "t.parquet"))
    dataset.save(Part(rows(1, 2), is_first=True, is_last=False))
    assert not dataset.exists()
    dataset.save(Part(rows(3), is_first=False, is_last=True))
    assert dataset.load().order_by("value").to_pyarrow()["value"].to_pylist() == [
        1,
        2,
        3,
    ]
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["t.parquet"]


def test_an_unfinished_table_leaves_the_old_one(tmp_path: Path) -> None:
    path = str(tmp_path / "t.parquet")
    ArrowStreamDataset(filepath=path).save(Part(rows(1), is_first=True, is_last=True))
    ArrowStreamDataset(filepath=path).save(Part(rows(7), is_first=True, is_last=False))
    again = ArrowStreamDataset(filepath=path)
    assert again.load().to_pyarrow()["value"].to_pylist() == [1]
    again.save(Part(rows(5), is_first=True, is_last=True))
    assert again.load().to_pyarrow()["value"].to_pylist() == [5]


def test_a_part_is_saved_once(tmp_path: Path) -> None:
    part = Part(rows(1), is_first=True, is_last=False)
    dataset = ArrowStreamDataset(filepath=str(tmp_path / "t.parquet"))
    dataset.save(part)
    with pytest.raises(DatasetError, match="expected a part that was not saved yet"):
        dataset.save(part)


def test_a_dataset_used_again_after_a_failure_starts_anew(tmp_path: Path) -> None:
    dataset = ArrowStreamDataset(filepath=str(tmp_path / "t.parquet"))
    dataset.save(Part(rows(7), is_first=True, is_last=False))  # and here it failed
    dataset.save(Part(rows(1), is_first=True, is_last=False))
    dataset.save(Part(rows(2), is_first=False, is_last=True))
    values = dataset.load().order_by("value").to_pyarrow()["value"].to_pylist()
    assert values == [1, 2]


def test_a_table_without_its_first_part_is_refused(tmp_path: Path) -> None:
    dataset = ArrowStreamDataset(filepath=str(tmp_path / "t.parquet"))
    with pytest.raises(DatasetError, match="expected the first part of"):
        dataset.save(Part(rows(2), is_first=False, is_last=True))


def test_what_an_ended_process_left_goes_and_another_process_keeps_its_own(
    tmp_path: Path,
) -> None:
    ended = tmp_path / f".t.parquet.{processes.host()}-{os.getpid()}-1"
    elsewhere = tmp_path / ".t.parquet.elsewhere-1-1"
    for path in (ended, elsewhere):
        path.touch()
    dataset = ArrowStreamDataset(filepath=str(tmp_path / "t.parquet"))
    dataset.save(Part(rows(1), is_first=True, is_last=True))
    assert sorted(p.name for p in tmp_path.iterdir()) == [elsewhere.name, "t.parquet"]

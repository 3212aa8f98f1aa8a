"""Runs are recorded, resumed where they stopped, and old versions cleared away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click import ClickException
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline, node
from kedro_datasets.json import JSONDataset

from churn_pipeline.cli.resume import _interrupted, nodes_left
from churn_pipeline.cli.runs import _old_records
from churn_pipeline.hooks.journal import clear_half_written
from churn_pipeline.runs import RunRecord, killed, read_records, record_path


def same(x: int) -> int:
    return x


def chain() -> Pipeline:
    """raw -> a (kept) -> b (in memory) -> c (kept)."""
    return Pipeline(
        [
            node(same, "raw", "a", name="to_a"),
            node(same, "a", "b", name="to_b"),
            node(same, "b", "c", name="to_c"),
        ]
    )


def catalog(folder: Path) -> DataCatalog:
    kept = {
        name: JSONDataset(filepath=str(folder / name)) for name in ("raw", "a", "c")
    }
    return DataCatalog(kept)


@pytest.mark.parametrize(
    ("done", "left"),
    [
        (set(), ["to_a", "to_b", "to_c"]),
        ({"to_a"}, ["to_b", "to_c"]),
        ({"to_a", "to_b"}, ["to_b", "to_c"]),
        ({"to_a", "to_b", "to_c"}, []),
    ],
    ids=["nothing done", "kept output", "output lost with the process", "all done"],
)
def test_only_unfinished_work_is_left(
    tmp_path: Path, done: set[str], left: list[str]
) -> None:
    assert nodes_left(chain(), done, catalog(tmp_path)) == left


def dead_process() -> int:
    """Return the id of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_record_of_a_dead_process_is_interrupted(tmp_path: Path) -> None:
    RunRecord(version="v1", dataset="x", pid=dead_process()).save(tmp_path)
    RunRecord(version="v2", dataset="x", pid=os.getpid()).save(tmp_path)
    RunRecord(version="v3", dataset="x", status="failed").save(tmp_path)
    RunRecord(version="v4", dataset="x", status="done").save(tmp_path)
    interrupted = [r.version for r in read_records(tmp_path, "x") if r.interrupted]
    assert interrupted == ["v1", "v3"]


def test_a_process_that_took_over_the_id_is_another(tmp_path: Path) -> None:
    record = RunRecord(version="v1", dataset="x", born=1.0)
    assert record.pid == os.getpid()
    assert record.interrupted


def test_what_a_killed_node_left_half_written_is_removed(tmp_path: Path) -> None:
    from kedro.io import Version

    half = JSONDataset(
        filepath=str(tmp_path / "a.json"), version=Version(None, "2026-01-01")
    )
    half.save({"half": 1})
    whole = JSONDataset(
        filepath=str(tmp_path / "a.json"), version=Version(None, "2025-01-01")
    )
    whole.save({"whole": 1})
    newest = JSONDataset(filepath=str(tmp_path / "a.json"), version=Version(None, None))
    record = RunRecord(
        version="2026-01-01",
        dataset="x",
        running="to_a",
        writing=["a"],
        pid=dead_process(),
    )
    clear_half_written([record], DataCatalog({"a": newest}))
    assert newest.load() == {"whole": 1}


def test_an_unversioned_or_absent_output_is_left_alone(tmp_path: Path) -> None:
    record = RunRecord(
        version="v", dataset="x", writing=["b", "gone"], pid=dead_process()
    )
    kept = DataCatalog({"b": MemoryDataset(5)})
    clear_half_written([record], kept)
    assert kept.load("b") == 5


def test_a_run_of_another_machine_is_at_work_until_it_says_otherwise(
    tmp_path: Path,
) -> None:
    record = RunRecord(version="v", dataset="x", host="elsewhere", pid=dead_process())
    assert record.at_work
    assert not record.interrupted
    assert record.model_copy(update={"status": "failed"}).interrupted


def test_another_machines_run_is_resumed_by_force_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.kedro]\n")
    monkeypatch.chdir(tmp_path)
    record = RunRecord(version="v", dataset="x", host="elsewhere")
    with pytest.raises(ClickException, match="got v, at work on elsewhere since"):
        _interrupted([record], "x", force=False)
    assert _interrupted([record], "x", force=True).interrupted
    assert [r.status for r in read_records(tmp_path, "x")] == ["failed"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"version": 1}'])
def test_a_damaged_record_is_told_of_and_passed_over(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    for version in ("v1", "v2"):
        RunRecord(version=version, dataset="x").save(tmp_path)
    record_path(tmp_path, "x", "v1").write_text(damage)
    assert [record.version for record in read_records(tmp_path, "x")] == ["v2"]
    assert "v1.json, got what is none" in caplog.text


def test_old_records_go_with_their_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.kedro]\n")
    monkeypatch.chdir(tmp_path)
    for number in range(1, 6):
        RunRecord(version=f"v{number}", dataset="x").save(tmp_path)
    record_path(tmp_path, "x", "v1").write_text("damaged")
    old = _old_records("x", 2, {"v2"})
    assert [path.stem for path in old] == ["v1", "v3"]


def test_a_killed_run_is_known_until_another_of_its_pipeline_has_ended(
    tmp_path: Path,
) -> None:
    asked = {"request": {"pipeline_names": ["retraining"]}, "dataset": "x"}
    RunRecord(version="v1", pid=dead_process(), **asked).save(tmp_path)
    RunRecord(version="v2", dataset="x", status="done").save(tmp_path)
    found = killed(tmp_path, "x", "retraining")
    assert found is not None
    assert found.version == "v1"
    assert killed(tmp_path, "x", "recalibration") is None
    RunRecord(version="v3", status="failed", **asked).save(tmp_path)
    assert killed(tmp_path, "x", "retraining") is None

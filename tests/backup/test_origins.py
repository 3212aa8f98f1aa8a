"""After a restore, monitoring finds what the champion was made from."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from churn_pipeline.backup.archive import BackupError
from churn_pipeline.backup.collect import back_up
from churn_pipeline.backup.origins import ENTRIES
from churn_pipeline.backup.restore import restore
from churn_pipeline.io.origin import DataOfChampion
from churn_pipeline.release.store import ModelStore
from churn_pipeline.runs import RunRecord
from churn_pipeline.serving.rollout.spec import RolloutChange
from churn_pipeline.serving.rollout.state import Rollout
from tests.serving.apps import release, two_models

MODELS = Path("data/06_models/tiny")
HISTORY = Path("data/08_reporting/tiny/watch_history.jsonl")
CONF = Path(__file__).parents[2] / "conf"


def _nobody(part: str) -> None:
    """Hear of a part that is begun."""


def _place(project: Path, entry: str) -> Path:
    return project / "data" / entry.format(dataset="tiny")


def _write(project: Path, entry: str, version: str) -> None:
    place = _place(project, entry)
    file = place / version / place.name
    file.parent.mkdir(parents=True)
    if file.suffix == ".parquet":
        pd.DataFrame({"made": [version]}).to_parquet(file)
    else:
        file.write_text(f'{{"made": "{version}"}}')


def _of_champion(project: Path, entry: str) -> DataOfChampion:
    """Return the entry of the catalog that reads what the champion was made from."""
    place = _place(project, entry)
    kind = "pandas.ParquetDataset" if place.suffix == ".parquet" else "json.JSONDataset"
    return DataOfChampion(
        path=str(project / MODELS),
        name=place.stem,
        dataset={"type": kind, "filepath": str(place)},
    )


def _versions(project: Path, entry: str) -> list[str]:
    return sorted(path.name for path in _place(project, entry).iterdir())


@pytest.fixture
def project(tmp_path):
    """A champion `v1` made of `model_input` of `v0`; later runs wrote `v2` and `v3`."""
    made = tmp_path / "project"
    two_models(made / MODELS.parent).folder.rename(made / MODELS)
    RunRecord(version="v1", dataset="tiny", loads={"model_input": "v0"}).save(made)
    for entry in ENTRIES:
        for version in ("v0" if "model_input" in entry else "v1", "v2", "v3"):
            _write(made, entry, version)
    return made


@pytest.fixture
def target(tmp_path):
    return tmp_path / "churn.tar.gz"


@pytest.fixture
def clone(tmp_path):
    made = tmp_path / "clone"
    made.mkdir()
    return made


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_the_champion_was_made_from_is_read_after_a_restore(
    project, target, clone, entry
):
    before = _of_champion(project, entry).load()
    held = back_up(project, target, {}, _nobody)
    restore(target, clone, {}, _nobody)
    assert str(_of_champion(clone, entry).load()) == str(before)
    assert len(_versions(clone, entry)) == 1  # of later runs there is nothing
    assert held.left_out == ()


def test_every_entry_that_reads_by_the_champion_is_backed_up():
    files = sorted((CONF / "base").glob("catalog*.yml"))
    entries = [e for f in files for e in yaml.safe_load(f.read_text("utf-8")).values()]
    read = {
        entry["dataset"]["filepath"]
        for entry in entries
        if entry.get("type", "").endswith(".DataOfChampion")
    }
    named = "${globals:dataset.name}"
    held = {f"data/{entry.format(dataset=named)}" for entry in ENTRIES}
    assert read
    assert read <= held


def test_the_champion_before_and_the_one_that_is_tried_have_theirs(
    project, target, clone
):
    scores = ENTRIES[2]
    release(ModelStore(project / MODELS), "v2")
    back_up(project, target, {}, _nobody)
    restore(target, clone, {}, _nobody)
    assert _versions(clone, scores) == ["v1", "v2"]


def test_a_challenger_has_its_own(project, target, clone):
    rollout = Rollout(project / "data/09_service/tiny/rollout.json")
    change = RolloutChange(version=0, challenger="v2", percentage=5)
    rollout.update(change, who="ada", why="a try")
    back_up(project, target, {}, _nobody)
    restore(target, clone, {}, _nobody)
    assert _versions(clone, ENTRIES[2]) == ["v1", "v2"]


def test_what_is_not_there_is_said(project, target, clone):
    place = _place(project, ENTRIES[2])
    (place / "v1" / place.name).unlink()
    held = back_up(project, target, {}, _nobody)
    restore(target, clone, {}, _nobody)
    assert held.left_out == (
        "held_out_predictions.parquet that tiny v1 was made from: not there",
    )
    assert not _place(clone, ENTRIES[2]).exists()


def test_a_version_that_is_there_as_it_was_stays(project, target, clone):
    back_up(project, target, {}, _nobody)
    _write(clone, ENTRIES[0], "v1")
    restore(target, clone, {}, _nobody)
    assert _of_champion(clone, ENTRIES[0]).load() == {"made": "v1"}


def test_another_of_the_same_version_is_not_overwritten(project, target, clone):
    back_up(project, target, {}, _nobody)
    other = _place(clone, ENTRIES[0]) / "v1" / "feature_set.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    with pytest.raises(BackupError, match=r"got .*feature_set\.json"):
        restore(target, clone, {}, _nobody)
    assert other.read_text() == "{}"


def test_the_watches_of_before_are_known(project, target, clone):
    (project / HISTORY).parent.mkdir(parents=True)
    (project / HISTORY).write_text('{"a": 1}\n{"b"')
    back_up(project, target, {}, _nobody)
    restore(target, clone, {}, _nobody)
    assert (clone / HISTORY).read_text() == '{"a": 1}\n'


def test_a_champion_that_cannot_be_loaded_is_refused(project, target):
    (project / MODELS / "released/v1/model.onnx").write_bytes(b"other")
    with pytest.raises(BackupError, match=r"champion of tiny .*v1.*churn promote"):
        back_up(project, target, {}, _nobody)
    assert not target.exists()

"""Models on the disk: whole or not there, checked when read."""

import json
import os
import shutil

import pytest

from churn_pipeline.release.artifact import Artifact, ArtifactError
from churn_pipeline.release.ledger import Entry
from churn_pipeline.release.records import Record
from churn_pipeline.release.store import ModelStore
from tests.factories import tiny_artifact, tiny_refit

NUMBERED = {"semantic_version": "1.4.0"}


def _add(store, version="1", seed=0):
    artifact = tiny_artifact(version, seed)
    record = Record(
        version=version, family="logistic", gate="approved", metrics={"roc_auc": 0.8}
    )
    store.add(artifact, record)
    return artifact


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models")


def test_a_new_store_has_no_champion(store):
    assert store.champion() is None
    assert store.versions() == []


def test_the_champion_is_the_version_pointed_to(store):
    first, _ = _add(store, "1"), _add(store, "2", seed=1)
    store.point_to("1")
    champion = store.champion()
    assert champion is not None
    assert champion.files == first.files
    assert store.pointer().folder == "released/1"


def test_champion_json_names_the_version_by_both_its_names(store):
    _add(store, "1")
    store.add(tiny_artifact("1"), store.record("1").model_copy(update=NUMBERED))
    store.point_to("1")
    assert store.pointer().semantic_version == "1.4.0"
    content = json.loads((store.folder / "champion.json").read_text("utf-8"))
    assert (content["version"], content["semantic_version"]) == ("1", "1.4.0")


def test_a_champion_json_from_before_the_numbers_is_read(store):
    _add(store, "1")
    store.point_to("1")
    path = store.folder / "champion.json"
    content = json.loads(path.read_text("utf-8"))
    del content["semantic_version"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert store.pointer().semantic_version is None
    assert store.champion().manifest.version == "1"


def test_adding_a_version_again_changes_nothing(store):
    _add(store)
    path = store.folder / "registered/1/artifact/model.onnx"
    before = path.stat().st_mtime_ns
    _add(store)
    assert path.stat().st_mtime_ns == before


def test_another_artifact_of_the_same_version_is_refused(store):
    _add(store)
    with pytest.raises(ArtifactError, match="version 1 is registered with another"):
        _add(store, seed=1)


def test_a_record_keeps_metrics(store):
    _add(store)
    assert store.record("1").metrics == {"roc_auc": 0.8}


def test_an_unknown_version_is_named_with_those_there_are(store):
    _add(store)
    with pytest.raises(LookupError, match="got '7'; there are 1"):
        store.record("7")


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json", "weights.safetensors"])
def test_a_damaged_champion_is_an_error_and_not_no_champion(store, name):
    _add(store)
    store.point_to("1")
    (store.folder / "released/1" / name).unlink()
    with pytest.raises(ArtifactError, match=name):
        store.champion()


def test_a_swapped_champion_is_found(store):
    _add(store)
    store.point_to("1")
    tiny_artifact("1", seed=1).save(store.folder / "released/1")
    with pytest.raises(ArtifactError, match="altered after its release"):
        store.champion()


def test_a_lost_pointer_beside_released_models_is_an_error(store):
    _add(store)
    store.point_to("1")
    (store.folder / "champion.json").unlink()
    with pytest.raises(ArtifactError, match=r"expected .*champion\.json"):
        store.champion()


def _promoted(version):
    return Entry(time="", who="ada", action="promote", version=version, gate="approved")


def test_a_champion_that_only_the_ledger_knows_is_not_no_champion(store):
    _add(store)
    store.ledger.append(_promoted("1"))
    store.point_to("1")
    (store.folder / "champion.json").unlink()
    shutil.rmtree(store.folder / "released")
    with pytest.raises(ArtifactError, match="kedro churn promote 1"):
        store.champion()
    store.point_to("1")
    assert store.champion().manifest.version == "1"


def test_without_a_pointer_an_unreadable_ledger_is_not_no_champion(store):
    store.folder.mkdir()
    store.ledger.path.write_text("{}\n")
    with pytest.raises(ArtifactError, match="expected a ledger entry"):
        store.champion()


def test_pointing_again_repairs_the_released_copy(store):
    artifact = _add(store)
    store.point_to("1")
    (store.folder / "released/1/model.onnx").write_bytes(b"broken")
    store.point_to("1")
    assert store.champion().files == artifact.files


def test_only_the_champion_is_kept_as_released(store):
    _add(store, "1")
    _add(store, "2", seed=1)
    store.point_to("1")
    store.point_to("2")
    assert [path.name for path in (store.folder / "released").iterdir()] == ["2"]
    store.point_to("1")
    assert store.champion().manifest.version == "1"


def test_a_champion_released_while_the_one_before_is_read_is_returned(
    store, monkeypatch
):
    _add(store, "1")
    _add(store, "2", seed=1)
    store.point_to("1")
    load = Artifact.load

    def released_meanwhile(folder):
        monkeypatch.undo()
        store.point_to("2")
        return load(folder)

    monkeypatch.setattr(Artifact, "load", released_meanwhile)
    assert store.champion().manifest.version == "2"


def test_pointing_to_a_damaged_version_changes_nothing(store):
    _add(store, "1")
    _add(store, "2", seed=1)
    store.point_to("1")
    (store.folder / "registered/2/artifact/model.onnx").write_bytes(b"broken")
    with pytest.raises(ArtifactError):
        store.point_to("2")
    assert store.champion().manifest.version == "1"


def test_a_kill_while_pointing_leaves_the_previous_champion(store, monkeypatch):
    _add(store, "1")
    _add(store, "2", seed=1)
    store.point_to("1")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            store.point_to("2")
    assert store.champion().manifest.version == "1"
    store.point_to("2")
    assert store.champion().manifest.version == "2"


@pytest.mark.parametrize(
    "version", ["../registered/1", "..", ".hidden", "", "1/..", "1\n"]
)
def test_a_version_cannot_lead_to_another_folder(store, version):
    _add(store)
    for ask in (store.record, store.artifact, store.point_to):
        with pytest.raises(LookupError, match="expected a version such as"):
            ask(version)
    with pytest.raises(ValueError, match="String should match pattern"):
        Record(version=version, family="net", gate="approved", metrics={})


def test_a_pointer_cannot_lead_to_another_folder(store):
    _add(store)
    store.point_to("1")
    path = store.folder / "champion.json"
    path.write_text(path.read_text().replace("released/1", "released/../registered/1"))
    with pytest.raises(ArtifactError, match=r"champion\.json .* cannot be read"):
        store.champion()


def _add_refit(store):
    measured = tiny_artifact("1")
    served = tiny_refit(measured)
    record = Record(version="1", family="logistic", gate="approved", metrics={})
    store.add(served, record, measured)
    return served, measured


def test_a_refit_serves_and_what_was_measured_is_kept_beside_it(store):
    served, measured = _add_refit(store)
    store.point_to("1")
    assert store.champion().files == served.files
    assert store.measured("1").files == measured.files
    released = {path.name for path in (store.folder / "released/1").iterdir()}
    assert released == {*served.files, "record.json"}


def test_what_is_no_refit_was_measured_itself(store):
    made = _add(store, "1")
    assert store.measured("1").files == made.files


def test_a_refit_without_what_was_measured_is_not_kept(store):
    record = Record(version="1", family="logistic", gate="approved", metrics={})
    with pytest.raises(ArtifactError, match=r"beside the artifact .* got none; train"):
        store.add(tiny_refit(tiny_artifact("1")), record)
    assert store.versions() == []


def test_another_model_in_place_of_what_was_measured_is_told(store):
    _add_refit(store)
    folder = store.folder / "registered/1/measured"
    shutil.rmtree(folder)
    with pytest.raises(ArtifactError, match="found none"):
        store.measured("1")
    tiny_artifact("1", seed=5).save(folder)
    with pytest.raises(ArtifactError, match="beside the artifact that it was measured"):
        store.measured("1")


def test_the_card_lies_beside_the_model_and_beside_the_released_one(store):
    record = Record(version="1", family="logistic", gate="approved", metrics={})
    store.add(tiny_artifact("1"), record, card="<p>card")
    store.point_to("1")
    for place in ("registered/1", "released/1"):
        assert (store.folder / place / "card.html").read_text("utf-8") == "<p>card"
        kept = (store.folder / place / "record.json").read_bytes()
        assert Record.model_validate_json(kept) == record
    assert store.champion() is not None

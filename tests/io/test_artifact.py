from __future__ import annotations

import numpy as np
import pytest
from kedro.io import DatasetError, Version

from churn_pipeline.io.artifact import ArtifactDataset
from churn_pipeline.release.artifact import Artifact
from tests.factories import tiny_artifact, tiny_columns

VERSION = "2026-02-02T00.00.00.000Z"


def versioned(folder, save=VERSION, load=None) -> ArtifactDataset:
    path = (folder / "artifact").as_posix()
    return ArtifactDataset(filepath=path, version=Version(load, save))


def test_the_save_version_is_stamped_and_the_newest_is_loaded(tmp_path):
    versioned(tmp_path).save(tiny_artifact())
    later = "2026-03-03T00.00.00.000Z"
    versioned(tmp_path, later).save(tiny_artifact(seed=1))
    assert versioned(tmp_path, None).load().manifest.version == later
    older = versioned(tmp_path, None, VERSION).load()
    assert older.manifest.version == VERSION
    columns = tiny_columns(20)
    np.testing.assert_array_equal(
        older.predict(columns), tiny_artifact().predict(columns)
    )


def test_a_save_that_fails_leaves_nothing(tmp_path, monkeypatch):
    save = Artifact.save

    def break_off(self, folder):
        save(self, folder)
        raise OSError("disk full")

    monkeypatch.setattr(Artifact, "save", break_off)
    dataset = versioned(tmp_path)
    with pytest.raises(DatasetError, match="disk full"):
        dataset.save(tiny_artifact())
    assert not dataset.exists()
    assert list((tmp_path / "artifact" / VERSION).iterdir()) == []


def test_a_version_is_not_written_twice(tmp_path):
    versioned(tmp_path).save(tiny_artifact())
    with pytest.raises(DatasetError, match="must not exist"):
        versioned(tmp_path).save(tiny_artifact())


def test_an_unversioned_one_is_replaced_and_keeps_its_version(tmp_path):
    dataset = ArtifactDataset(filepath=(tmp_path / "artifact").as_posix())
    assert not dataset.exists()
    dataset.save(tiny_artifact(seed=1))
    dataset.save(tiny_artifact())
    assert dataset.exists()
    assert dataset.load().files == tiny_artifact().files

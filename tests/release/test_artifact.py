from __future__ import annotations

import hashlib
import json
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churn_pipeline.release.artifact import Artifact, ArtifactError, Manifest
from tests.factories import tiny_artifact, tiny_columns


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return tiny_artifact()


def test_a_saved_artifact_answers_as_before(artifact, tmp_path):
    artifact.save(tmp_path)
    loaded = Artifact.load(tmp_path)
    columns = tiny_columns(50, seed=7)
    assert loaded.manifest == artifact.manifest
    np.testing.assert_array_equal(loaded.predict(columns), artifact.predict(columns))


def test_the_same_model_gives_the_same_bytes():
    assert tiny_artifact().files == tiny_artifact().files


def test_dicts_frames_and_arrow_tables_get_the_same_answers(artifact):
    columns = tiny_columns(50, seed=7)
    expected = artifact.predict(columns)
    frame = pd.DataFrame(columns)
    nullable = frame.convert_dtypes()
    categorical = frame.astype({"plan": "category"})
    arrow = pa.table(columns)
    for given in (frame, nullable, categorical, arrow):
        np.testing.assert_array_equal(artifact.predict(given), expected)


def test_no_rows_get_no_answers(artifact):
    empty = {name: [] for name in tiny_columns()}
    assert artifact.predict(empty).shape == (0,)


def test_many_rows_get_the_answers_of_their_parts(artifact):
    columns = tiny_columns(9000)
    whole = artifact.predict(columns)
    last = artifact.predict({name: values[8990:] for name, values in columns.items()})
    np.testing.assert_allclose(whole[8990:], last, atol=1e-7)


def test_never_seen_and_missing_values_are_answered(artifact):
    rows = {
        "tenure_months": [None, 1e30, -5.0],
        "monthly_charge": [float("nan"), float("inf"), 3],
        "plan": ["gold", None, ""],
        "ignored": [1, 2, 3],
    }
    answers = artifact.predict(rows)
    assert np.all((answers > 0) & (answers < 1))


def test_a_missing_column_is_named_with_the_nearest(artifact):
    columns = tiny_columns(10)
    columns["tenure_month"] = columns.pop("tenure_months")
    with pytest.raises(ValueError, match=r"tenure_months \(is it tenure_month\?\)"):
        artifact.predict(columns)


def test_text_in_a_number_column_is_refused_by_name(artifact):
    columns = tiny_columns(10) | {"tenure_months": ["12"] * 9 + ["a year"]}
    with pytest.raises(ValueError, match="tenure_months, got 'a year'"):
        artifact.predict(columns)


@pytest.mark.parametrize("name", sorted(tiny_artifact().files))
def test_a_changed_byte_in_any_file_is_refused(artifact, tmp_path, name):
    artifact.save(tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=r"altered|cannot be read"):
        Artifact.load(tmp_path)


def test_edited_costs_are_refused(artifact, tmp_path):
    artifact.save(tmp_path)
    text = (tmp_path / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(
        text.replace('"contact_cost": 4.0', '"contact_cost": 1.0')
    )
    with pytest.raises(ArtifactError, match=r"manifest\.json with sha256"):
        Artifact.load(tmp_path)


@pytest.mark.parametrize("name", sorted(tiny_artifact().files))
def test_a_missing_file_is_named(artifact, tmp_path, name):
    artifact.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ArtifactError, match=name):
        Artifact.load(tmp_path)


def test_another_answer_to_a_golden_row_is_refused(artifact):
    files = artifact.files
    golden = json.loads(files["golden.json"])
    golden["churn_probability"][4] += 2e-6
    text = json.dumps(golden).encode()
    hashes = artifact.manifest.files | {"golden.json": _sha256(text)}
    manifest = artifact.manifest.model_copy(update={"files": hashes}).sealed()
    with pytest.raises(ArtifactError, match="in row 4"):
        Artifact(manifest, files | {"golden.json": text})


def test_another_format_is_refused(artifact):
    later = artifact.manifest.model_copy(update={"format": 99}).sealed()
    with pytest.raises(ArtifactError, match="format 2, got 99"):
        Manifest.from_bytes(later.to_bytes())


def test_a_manifest_that_says_less_is_read_by_a_release_that_says_more(
    artifact, tmp_path
):
    first, again = tmp_path / "first", tmp_path / "again"
    artifact.save(first)
    text = (first / "manifest.json").read_text("utf-8")
    less = text.replace('    "before": null,\n', "")
    assert less != text
    blank = less.replace(artifact.manifest.digest, "")
    digest = _sha256(blank.encode())
    less = less.replace(artifact.manifest.digest, digest)
    (first / "manifest.json").write_text(less, "utf-8")
    found = Artifact.load(first)
    assert found.manifest.fitted.before is None
    found.save(again)
    assert (again / "manifest.json").read_text("utf-8") == less
    assert Artifact.load(again).manifest == found.manifest


def test_a_manifest_whose_text_was_touched_is_refused(artifact, tmp_path):
    artifact.save(tmp_path)
    text = (tmp_path / "manifest.json").read_text("utf-8")
    (tmp_path / "manifest.json").write_text(text.replace("\n  ", "\n   ", 1), "utf-8")
    with pytest.raises(ArtifactError, match="altered"):
        Artifact.load(tmp_path)


def test_a_version_is_stamped_on_the_manifest_alone(artifact):
    stamped = artifact.restated(version="2027-01-01T00.00.00.000Z")
    assert stamped.manifest.version == "2027-01-01T00.00.00.000Z"
    assert stamped.manifest.files == artifact.manifest.files
    assert artifact.manifest.version == "2026-01-01T00.00.00.000Z"


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("name", ["../../escaped.txt", "/escaped.txt", "more.txt"])
def test_a_file_that_is_not_known_is_refused(artifact, tmp_path, name):
    folder = tmp_path / "a" / "b"
    artifact.save(folder)
    files = {**artifact.manifest.files, name: hashlib.sha256(b"x").hexdigest()}
    manifest = artifact.manifest.model_copy(update={"files": files}).sealed()
    (folder / "manifest.json").write_bytes(manifest.to_bytes())
    with pytest.raises(ArtifactError, match=r"expected the files golden\.json, "):
        Artifact.load(folder)
    with pytest.raises(ArtifactError, match=re.escape(name)):
        Artifact(manifest, {**artifact.files, name: b"x"})

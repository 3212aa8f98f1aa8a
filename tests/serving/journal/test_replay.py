"""A logged answer is computed again to the bit, by the artifact that gave it."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.records import Record
from churn_pipeline.release.store import ModelStore
from churn_pipeline.serving.decide import decide
from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.journal.entry import BatchEntry, Entry
from churn_pipeline.serving.journal.erase import forget
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.replay import (
    find_artifact,
    logged_answer,
    replay,
)
from churn_pipeline.serving.journal.store import Store
from tests.factories import tiny_artifact, tiny_columns


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(connect(f"sqlite:///{tmp_path / 'journal.db'}"), Pseudonyms())


def about(artifact: Artifact) -> dict:
    return {
        "time_ns": time.time_ns(),
        "model_version": artifact.manifest.version,
        "artifact_sha256": artifact.manifest.digest,
        "variant": "champion",
        "key_hash": "0" * 16,
        "microseconds": 90,
    }


def asked(artifact: Artifact, columns: dict) -> tuple:
    probability = artifact.predict(columns)
    decided = decide(columns, probability, artifact.manifest)
    return probability, decided.decision, decided.threshold


def test_a_batch_and_single_answers_come_again_to_the_bit(store, artifact) -> None:
    columns = tiny_columns(300, seed=4)
    columns["plan"][9] = "never seen"
    probability, decision, threshold = asked(artifact, columns)
    batch = BatchEntry(
        request_id="many",
        endpoint="/predict_batch",
        customer_ids=[f"c{i}" for i in range(300)],
        columns=columns,
        probability=probability,
        decision=decision,
        threshold=threshold,
        **about(artifact),
    )
    singles = []
    for i in range(20):
        row = {name: values[i] for name, values in columns.items()}
        (p,), (d,), (t,) = asked(artifact, {n: [v] for n, v in row.items()})
        singles.append(
            Entry(
                request_id=f"one{i}",
                endpoint="/predict",
                customer_id=None,
                inputs=json.dumps(row).encode(),
                probability=float(p),
                decision=d,
                threshold=float(t),
                **about(artifact),
            )
        )
    store.write([batch, *singles], "1")
    names = [("many", i) for i in range(300)] + [(f"one{i}", 0) for i in range(20)]
    for name in names:
        logged = store.find(*name)
        assert replay(logged, artifact) == logged_answer(logged)
    forget(store.database, Pseudonyms(), "c3")
    logged = store.find("many", 4)
    assert replay(logged, artifact) == logged_answer(logged)


def test_another_model_answers_otherwise(store, artifact) -> None:
    columns = {name: [values[0]] for name, values in tiny_columns().items()}
    (p,), (d,), (t,) = asked(artifact, columns)
    inputs = json.dumps({name: values[0] for name, values in columns.items()}).encode()
    same = about(artifact)
    entry = Entry(
        request_id="one",
        endpoint="/predict",
        customer_id="a",
        inputs=inputs,
        probability=np.nextafter(p, 1),
        decision=d,
        threshold=t,
        **same,
    )
    store.write([entry], "1")
    logged = store.find("one")
    assert replay(logged, artifact) != logged_answer(logged)  # by one bit
    assert replay(logged, artifact).probability == p
    other = replay(logged, tiny_artifact("2026-02-02T00.00.00.000Z", seed=1))
    assert abs(other.probability - p) > 1e-6


def test_the_artifact_is_found_by_its_digest(store, artifact, tmp_path) -> None:
    models = ModelStore(tmp_path / "models")
    columns = {name: [values[0]] for name, values in tiny_columns().items()}
    (p,), (d,), (t,) = asked(artifact, columns)
    entry = Entry("one", 0, "/predict", None, b"{}", p, d, t, *_identity(artifact))
    other = Entry(
        "altered", 0, "/predict", None, b"{}", p, d, t, *_identity(artifact, "b" * 64)
    )
    store.write([entry, other], "1")
    with pytest.raises(LookupError, match="it was removed"):
        find_artifact(models, store.find("one"))
    manifest = artifact.manifest
    record = Record(
        version=manifest.version,
        family=manifest.family,
        metrics={},
        gate="approved",
    )
    models.add(artifact, record)
    found = find_artifact(models, store.find("one"))
    assert found.manifest == manifest
    with pytest.raises(LookupError, match="with digest bbbb"):
        find_artifact(models, store.find("altered"))
    artifact.save(tmp_path / "named")
    empty = ModelStore(tmp_path / "none")
    named = find_artifact(empty, store.find("one"), str(tmp_path / "named"))
    assert named.manifest == manifest


def _identity(artifact: Artifact, digest: str | None = None) -> tuple:
    manifest = artifact.manifest
    return manifest.version, digest or manifest.digest, "champion", "0" * 16, 90

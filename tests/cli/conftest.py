"""Releases and a prediction log that commands act on, with a registry in memory."""

import time
from pathlib import Path

import pytest

from churn_pipeline.cli import canary, forget, journal, registry, review, summary
from churn_pipeline.release.records import Record
from churn_pipeline.release.releases import Releases
from churn_pipeline.release.store import ModelStore
from churn_pipeline.serving.decide import decide
from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.journal.entry import BatchEntry
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from tests.factories import tiny_artifact, tiny_columns
from tests.release.in_memory import MemoryRegistry

DAY_NS = 86_400 * 10**9
VARIABLES = (
    *("CHURN_JOURNAL", "CHURN_SERVICE_DIR", "CHURN_PSEUDONYM_KEY"),
    "CHURN_OUTPUT_DIR",
)


@pytest.fixture
def releases(tmp_path, monkeypatch):
    memory = MemoryRegistry()
    memory.dataset = "tiny"
    clock = iter(f"2026-01-0{day}T00:00:00+00:00" for day in range(1, 9))
    made = Releases(
        ModelStore(tmp_path / "models"), memory, who="ada", clock=lambda: next(clock)
    )
    for module in (registry, review):
        monkeypatch.setattr(module, "releases_of", lambda env: made)
    monkeypatch.setattr(canary, "service_of", lambda env: tmp_path)
    for module in (registry, summary):
        monkeypatch.setattr(module, "currency_of", lambda env: "EUR")
    return made


@pytest.fixture
def service(tmp_path, monkeypatch) -> Path:
    """A service's folder, with a model that answered two customers 10 days ago."""
    memory = MemoryRegistry()
    memory.dataset = "tiny"
    releases = Releases(ModelStore(tmp_path / "models"), memory, who="ada")
    for module in (journal, forget):
        monkeypatch.setattr(module, "releases_of", lambda env: releases)
        monkeypatch.setattr(module, "project_folder", lambda: tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    artifact = tiny_artifact()
    manifest = artifact.manifest
    record = Record(
        version=manifest.version, family="logistic", gate="approved", metrics={}
    )
    releases.store.add(artifact, record)
    columns = {name: values[:2] for name, values in tiny_columns().items()}
    probability = artifact.predict(columns)
    decided = decide(columns, probability, manifest)
    entry = BatchEntry(
        request_id="many",
        time_ns=time.time_ns() - 10 * DAY_NS,
        endpoint="/predict_batch",
        customer_ids=["customer-ann", "customer-bob"],
        columns=columns,
        probability=probability,
        decision=decided.decision,
        threshold=decided.threshold,
        model_version=manifest.version,
        artifact_sha256=manifest.digest,
        variant="champion",
        key_hash="0" * 16,
        microseconds=90,
    )
    folder = tmp_path / "data" / "09_service" / "tiny"
    database = connect(f"sqlite:///{folder / 'journal.db'}")
    Store(database, Pseudonyms()).write([entry], "1")
    database.close()
    return folder

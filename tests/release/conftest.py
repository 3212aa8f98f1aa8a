"""Releases of a data set, with a registry in memory."""

import pytest

from churn_pipeline.release.releases import Releases
from churn_pipeline.release.store import ModelStore
from tests.release.in_memory import MemoryRegistry


@pytest.fixture
def releases(tmp_path):
    store = ModelStore(tmp_path / "models")
    return Releases(store, MemoryRegistry(), who="ada", clock=lambda: "2026-01-01")

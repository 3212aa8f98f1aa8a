"""Releases that the commands act on, with a registry in memory."""

import pytest

from churn_pipeline.cli import canary, registry, review, summary
from churn_pipeline.release.releases import Releases
from churn_pipeline.release.store import ModelStore
from tests.release.in_memory import MemoryRegistry


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

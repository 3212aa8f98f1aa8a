"""A small company, replayed over a few months."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from churn_pipeline.replay.settings import Settings
from churn_pipeline.replay.simulated import simulate_world

CONF = Path(__file__).parents[2] / "conf/base"


def parameters(**changes):
    """Return the parameters of the base environment, of a small and quick replay."""
    found = {}
    for path in CONF.glob("parameters*.yml"):
        found |= yaml.safe_load(path.read_text("utf-8"))
    described = yaml.safe_load((CONF / "dataset.yml").read_text("utf-8"))["dataset"]
    found["dataset"] = described | {"name": "company"}
    replay = found["replay"]
    replay |= {"customers": 1200, "steps": 8} | changes
    replay["planted"] |= {
        "history_months": 12,
        "input_drifts": [],
        "concept_changes": replay["planted"]["concept_changes"][:1],
        "faults": [{"start": "2025-02-01", "mended": "2025-04-01", "factor": 100.0}],
    }
    replay["planted"]["concept_changes"][0]["start"] = "2025-01-01"
    replay["instead"]["training"]["boosting"] = {"max_trees": 30, "max_leaves": 6}
    return found


@pytest.fixture(scope="session")
def settings():
    """The parameters, typed."""
    return Settings.of(parameters())


@pytest.fixture(scope="session")
def world(settings):
    """The months of the company."""
    return simulate_world(settings)

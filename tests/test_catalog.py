"""The catalog keeps the layers: paths, order, versions."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader
from kedro.framework.project import configure_project, pipelines

from churn_pipeline.settings import CONFIG_LOADER_ARGS
from tests.conftest import ROOT

LAYERS = [
    "01_raw",
    "02_intermediate",
    "03_primary",
    "04_feature",
    "05_model_input",
    "06_models",
    "07_model_output",
    "08_reporting",
]
ENVIRONMENTS = sorted(p.parent.name for p in (ROOT / "conf").glob("*/catalog*.yml"))


def entries(env: str) -> dict[str, dict[str, Any]]:
    """Return the catalog of an environment as written."""
    loader = OmegaConfigLoader(str(ROOT / "conf"), env=env, **CONFIG_LOADER_ARGS)
    return dict(loader["catalog"])


def layer(entry: dict[str, Any]) -> int | None:
    """Return the number of the layer that an entry's file lies in."""
    path = entry.get("filepath")
    return int(PurePosixPath(path).parts[1][:2]) if path else None


@pytest.mark.parametrize("env", sorted(set(ENVIRONMENTS)))
def test_every_path_is_relative_and_in_a_layer(
    env: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHURN_DATA_DIR", raising=False)
    for name, entry in entries(env).items():
        path = entry.get("filepath", "data/01_raw")
        assert "\\" not in path, name
        assert PurePosixPath(path).parts[0] == "data", (name, path)
        assert PurePosixPath(path).parts[1] in LAYERS, (name, path)


def test_everything_from_the_features_on_is_versioned() -> None:
    for name, entry in entries("local").items():
        number = layer(entry)
        reads_versions = entry["type"].endswith("LatestJSON")
        if number is not None and number >= 4 and not reads_versions:
            assert entry.get("versioned") is True, name


def test_no_node_writes_to_an_earlier_layer_than_it_reads() -> None:
    configure_project("churn_pipeline")
    catalog = entries("local")
    for node in pipelines["__default__"].nodes:
        layers = {
            side: [
                number
                for name in names
                if (number := layer(catalog.get(name, {}))) is not None
            ]
            for side, names in (("read", node.inputs), ("written", node.outputs))
        }
        if layers["read"] and layers["written"]:
            assert min(layers["written"]) >= max(layers["read"]), node.name


def test_every_dataset_that_is_written_has_an_entry() -> None:
    configure_project("churn_pipeline")
    catalog = entries("local")
    written = pipelines["__default__"].all_outputs()
    assert written <= set(catalog)

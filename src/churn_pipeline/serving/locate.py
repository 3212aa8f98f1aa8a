"""Which artifact to serve: a named folder, the packaged one, or the project's."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from churn_pipeline.release.artifact import Artifact, ArtifactError
from churn_pipeline.release.store import POINTER, ModelStore

FOLDER = "CHURN_ARTIFACT"
DATASET = "CHURN_DATASET"
DEFAULT_DATASET = "company"

MODELS = Path("data/06_models")
PACKAGED = Path(__file__).parents[2] / MODELS
"""Inside a bento the models lie beside the package; elsewhere nothing is here."""


def load_champion(environment: Mapping[str, str] | None = None) -> Artifact:
    """Return the artifact to serve, its hashes and golden rows checked.

    Args:
        environment: `CHURN_ARTIFACT` names a folder to serve; else the champion of
            the data set `CHURN_DATASET` is served, by default the simulated company
            or the only data set that has one. None takes the process's.

    Raises:
        ArtifactError: There is none, or its files are missing or altered.
    """
    given = os.environ if environment is None else environment
    if given.get(FOLDER):
        return Artifact.load(given[FOLDER])
    store = _store(given)
    champion = store.champion()
    if champion is None:
        raise ArtifactError(no_champion(store.folder))
    return champion


def store_of(environment: Mapping[str, str]) -> ModelStore | None:
    """Return the models whose champion is served; None where a folder is named."""
    return None if environment.get(FOLDER) else _store(environment)


def _store(environment: Mapping[str, str]) -> ModelStore:
    return ModelStore(_models_of(environment.get(DATASET)))


def environment_of(dataset: str) -> str | None:
    """Return the environment that a command on a data set is to name; None: none.

    Environments are named as their data sets, but for the one that is taken unnamed.

    Args:
        dataset: Name of the data set.

    Examples:
        >>> environment_of("telco"), environment_of("company")
        ('telco', None)
    """
    return None if dataset == DEFAULT_DATASET else dataset


def no_champion(folder: Path) -> str:
    """Return what to say where a data set has no champion."""
    return (
        f"expected a champion to serve in {folder}, found none: no model has been "
        "released; run `make run` (or `kedro run --env NAME`), or name another data "
        f"set in {DATASET} or an artifact's folder in {FOLDER}"
    )


def _models_of(dataset: str | None) -> Path:
    """Return the folder of a data set's models."""
    found = {folder.name: folder for folder in _released()}
    if dataset is None and DEFAULT_DATASET not in found and len(found) == 1:
        return next(iter(found.values()))
    name = dataset or DEFAULT_DATASET
    return found.get(name, MODELS / name)


def _released() -> Iterator[Path]:
    """Yield folders of data sets that have a champion; packaged ones win."""
    for root in (MODELS, PACKAGED):
        yield from (path.parent for path in sorted(root.glob(f"*/{POINTER}")))

"""The semantic versions of a data set's models: given once, and found again."""

from __future__ import annotations

from churn_pipeline.release.artifact import ArtifactError, Manifest
from churn_pipeline.release.registry import Registry
from churn_pipeline.release.semantic import FIRST, Number, Numbered, choose
from churn_pipeline.release.store import ModelStore


def semantic_versions(store: ModelStore) -> dict[str, str]:
    """Return version -> MAJOR.MINOR.PATCH of every model that was given one.

    Those of the ledger count also where the model itself was removed since; a model
    that a kill kept out of the ledger is asked for its record.

    Raises:
        LedgerError: The ledger was altered.
        ArtifactError: Such a record cannot be read.
    """
    entries = store.ledger.read()
    given = {e.version: e.semantic_version for e in entries if e.semantic_version}
    for version in store.versions():
        number = given.get(version) or store.record(version).semantic_version
        if number is not None:
            given[version] = number
    return given


def assign(store: ModelStore, manifest: Manifest, reigning: str | None) -> Numbered:
    """Return the semantic version of a model, the one it has if it has one.

    It is compared with the champion, as the gate does, and with the models numbered
    above the champion: those that were refused, wait, or were rolled back.

    Args:
        store: The models that there are, locked.
        manifest: Of the model.
        reigning: Version of the champion; None where there is none.

    Raises:
        LedgerError: The ledger was altered.
        ArtifactError: A record cannot be read.
    """
    texts = semantic_versions(store)
    given = {version: Number.parse(text) for version, text in texts.items()}
    if manifest.version in given:
        registered = manifest.version in store.versions()
        change = store.record(manifest.version).change if registered else ""
        return Numbered(given[manifest.version], change)
    lowest = given.get(reigning or "", FIRST)
    relatives = {
        number: _manifest(store, version)
        for version, number in given.items()
        if number >= lowest
    }
    return choose(manifest, relatives, given.values())


def find(store: ModelStore, registry: Registry, name: str) -> str:
    """Return the version that a person means.

    Args:
        store: The models that there are.
        registry: Asked only for a name that is one of MLflow's numbers.
        name: The version itself, its MAJOR.MINOR.PATCH, or its number in MLflow.

    Raises:
        LookupError: Nothing registered is called so.
    """
    registered, given = store.versions(), semantic_versions(store)
    if name in registered:
        return name
    for version, number in given.items():
        if number == name and version in registered:
            return version
    version_of = registry.version_of(name) if name.isdecimal() else None
    if version_of in registered:
        return version_of
    known = [f"{given[v]} ({v})" if v in given else v for v in registered[-5:]]
    raise LookupError(
        f"expected a version registered in {store.folder}, its MAJOR.MINOR.PATCH or "
        f"its number in MLflow, got {name[:60]!r}; there are "
        + (", ".join(known) or "none")
    )


def _manifest(store: ModelStore, version: str) -> Manifest | None:
    try:
        return store.manifest(version)
    except ArtifactError:
        return None

"""Removing models that nobody goes back to."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from churn_pipeline.release.ledger import champions
from churn_pipeline.release.releases import Releases

_UNFINISHED = ".new-"


class Pruned(NamedTuple):
    """What became of a data set's models.

    Attributes:
        kept: Versions that are left.
        removed: Folders that went, or would go, relative to that of the models.
    """

    kept: frozenset[str]
    removed: tuple[Path, ...]


def prune(releases: Releases, keep: int, *, dry_run: bool) -> Pruned:
    """Remove old models, and what a kill left half written.

    Kept are the reigning champion, the champions that so many rollbacks lead to, the
    newest models, and those that wait for approval. MLflow's copies stay.

    Args:
        releases: The models of a data set.
        keep: How many former champions, and how many of the newest; 1 or more.
        dry_run: Whether to remove nothing and tell what would go.

    Raises:
        LedgerError: The ledger was altered, or cannot be read.
        ArtifactError: A record or `champion.json` cannot be read.
    """
    store = releases.store
    if not store.folder.is_dir():
        return Pruned(frozenset(), ())
    with store.locked():
        kept = _needed(releases, keep)
        old = [
            store.folder / "registered" / version
            for version in store.versions()
            if version not in kept
        ]
        # Whoever writes holds the lock: what is not finished now never will be.
        leftover = sorted(store.folder.glob(f"*/{_UNFINISHED}*"))
        if not dry_run:
            _remove(old, leftover)
    gone = (path.relative_to(store.folder) for path in (*old, *leftover))
    return Pruned(frozenset(kept), tuple(gone))


def _needed(releases: Releases, keep: int) -> set[str]:
    """Return the registered versions to keep."""
    store, registered = releases.store, releases.store.versions()
    wanted = {*champions(store.decisions())[-1 - keep :], *registered[-keep:]}
    # Another one than the ledger's where a release was broken off.
    serving = store.pointer()
    named = set() if serving is None else {serving.version}
    return (wanted | named | set(releases.waiting())) & set(registered)


def _remove(old: list[Path], leftover: list[Path]) -> None:
    """Remove folders so that a kill leaves no model in part."""
    for path in old:
        leftover = [*leftover, path.rename(path.with_name(_UNFINISHED + path.name))]
    for path in leftover:
        shutil.rmtree(path)

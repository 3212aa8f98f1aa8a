"""Follows the registry's champion: loads it beside the old one, then swaps.

A registry moves its alias and `champion.json` together (`release/releases.py`); the
service looks at the file, which needs neither MLflow nor its database.
"""

from __future__ import annotations

import gc
import hashlib
import logging
from typing import Any

from churn_pipeline.release.artifact import Artifact, ArtifactError
from churn_pipeline.release.store import POINTER, ModelStore
from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.models import Models
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.rollout.state import Rollout

logger = logging.getLogger(__name__)

PART = "champion"


class Follower:
    """Keeps the champion of a service that of its registry."""

    def __init__(self, models: Models, store: ModelStore, metrics: Metrics) -> None:
        """Name what is followed; nothing is read yet."""
        self._models, self._store, self._metrics = models, store, metrics
        self._seen: Any = None
        self._told = ""

    def refresh(self) -> bool:
        """Serve the champion where it is another; return whether it was.

        Where it cannot be read, or does not pass its checks, the last good one goes
        on, the log says why, once, and `churn_stale` is 1 until it is well again.
        """
        try:
            seen = self._state()
            if seen == self._seen:
                return False
            swapped = self._follow()
        except (ArtifactError, OSError, ValueError) as error:
            self._failed(error)
            return False
        self._seen, self._told = seen, ""
        self._metrics.put("churn_stale", 0, part=PART)
        return swapped

    def _state(self) -> tuple[int, int, int]:
        found = (self._store.folder / POINTER).stat()
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _follow(self) -> bool:
        """Load what the pointer names, unless it is at hand."""
        pointer = self._store.pointer()
        if pointer is None:
            raise ArtifactError(f"expected {self._store.folder / POINTER}, found none")
        for known in (self._models.champion, self._models.former):
            if known is not None and _digest(known) == pointer.manifest_sha256:
                return self._swap(known)
        artifact = self._store.champion()
        if artifact is None:
            raise ArtifactError(f"expected a champion in {self._store.folder}")
        return self._swap(_warm(artifact))

    def _swap(self, new: Predictor) -> bool:
        if new is self._models.champion:
            return False
        former = self._models.champion.version
        self._models.swap(new)
        self._metrics.add("churn_swaps_total")
        logger.warning("model %s serves in place of %s", new.version, former)
        return True

    def _failed(self, error: Exception) -> None:
        self._metrics.add("churn_refresh_failures_total", part=PART)
        self._metrics.put("churn_stale", 1, part=PART)
        if str(error) != self._told:
            self._told = str(error)
            version = self._models.champion.version
            logger.error("model %s goes on serving: %s", version, error)


def _digest(predictor: Predictor) -> str:
    return hashlib.sha256(predictor.artifact.manifest.to_bytes()).hexdigest()


def _warm(artifact: Artifact) -> Predictor:
    """Return a predictor that has answered once, out of the collector's sight."""
    made = Predictor(artifact)
    artifact.predict(artifact.golden[0])
    gc.freeze()
    return made


class Beside:
    """Holds the models that a rollout asks for beside the champion."""

    def __init__(
        self, models: Models, store: ModelStore, rollout: Rollout, metrics: Metrics
    ) -> None:
        """Name what is followed, and hold what is asked for already."""
        self._models, self._store = models, store
        self._rollout, self._metrics = rollout, metrics
        self._told = ""
        self.refresh()

    def refresh(self) -> None:
        """Hold what the rollout asks for; who asks for no model gets the champion.

        A model that cannot be read, or has other inputs than the champion, answers
        nobody: the log says why, once, and `churn_stale` is 1 until it is well.
        """
        state = self._rollout.state
        wanted = {v for v in (state.challenger, state.shadow) if v is not None}
        held = {v: m for v, m in self._models.others.items() if v in wanted}
        try:
            for version in wanted - held.keys():
                held[version] = self._fitting(_warm(self._store.artifact(version)))
            self._told = ""
        except (ArtifactError, LookupError, OSError, ValueError) as error:
            self._failed(error)
        self._metrics.put("churn_stale", int(bool(self._told)), part="challenger")
        self._models.hold(held)

    def _fitting(self, made: Predictor) -> Predictor:
        champion = self._models.champion
        if made.reader.names != champion.reader.names:
            raise ValueError(
                f"expected {made.version} to have the inputs of the champion "
                f"{champion.version}, got others; promote it, or train it on the same"
            )
        return made

    def _failed(self, error: Exception) -> None:
        if str(error) != self._told:
            self._told = str(error)
            self._metrics.add("churn_refresh_failures_total", part="challenger")
            logger.error("the champion answers in the challenger's place: %s", error)

"""Follows the registry's champion: loads it beside the old one, then swaps.

A registry moves its alias and `champion.json` together (`release/releases.py`); the
service looks at the file, which needs neither MLflow nor its database.

A model that cannot be loaded is not loaded again each second: that would take the time
of those who are answered by the one before.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Hashable
from typing import Any

from churn_pipeline.release.artifact import Artifact, ArtifactError
from churn_pipeline.release.manifest import MANIFEST
from churn_pipeline.release.store import POINTER, ModelStore
from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.models import Models
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.retrying import Retrying
from churn_pipeline.serving.rollout.state import Rollout

logger = logging.getLogger(__name__)


class Follower:
    """Keeps the champion of a service that of its registry."""

    def __init__(
        self,
        models: Models,
        store: ModelStore,
        metrics: Metrics,
        retrying: Retrying | None = None,
    ) -> None:
        """Name what is followed; nothing is read yet.

        Args:
            models: Those of the service.
            store: Those of the registry.
            metrics: Where swaps and failures are counted.
            retrying: When to load again what could not be; None: by the usual clock.
        """
        self._models, self._store, self._metrics = models, store, metrics
        self._retrying = retrying or Retrying()
        self._seen: Any = None
        self._problem: str | None = None

    def refresh(self) -> bool:
        """Serve the champion where it is another; return whether it was.

        Where it cannot be read, or does not pass its checks, the last good one goes
        on, and the log says why, once. It is loaded again once the registry names
        another or the same anew, else ever more seldom.
        """
        try:
            seen = self._state()
            if seen == self._seen:
                return False
            swapped = self._follow(seen)
        except (ArtifactError, OSError, ValueError) as error:
            self._failed(error)
            return False
        self._seen, self._problem = seen, None
        return swapped

    def problems(self) -> dict[str, str | None]:
        """Return why the model of before goes on."""
        return {"champion": self._problem}

    def _state(self) -> tuple[int, int, int]:
        found = (self._store.folder / POINTER).stat()
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _follow(self, seen: tuple[int, int, int]) -> bool:
        """Load what the pointer names, unless it is at hand."""
        pointer = self._store.pointer()
        if pointer is None:
            raise ArtifactError(f"expected {self._store.folder / POINTER}, found none")
        for known in (self._models.champion, self._models.former):
            if known is not None and _digest(known) == pointer.manifest_sha256:
                return self._swap(known)
        key = (pointer.manifest_sha256, seen)
        self._retrying.keep(key)
        return self._swap(_tried(self._retrying, key, self._load, self._metrics))

    def _load(self) -> Predictor:
        artifact = self._store.champion()
        if artifact is None:
            raise ArtifactError(f"expected a champion in {self._store.folder}")
        return _warm(artifact)

    def _swap(self, new: Predictor) -> bool:
        if new is self._models.champion:
            return False
        former = self._models.champion.version
        self._models.swap(new)
        self._metrics.add("churn_swaps_total")
        logger.warning("model %s serves in place of %s", new.version, former)
        return True

    def _failed(self, error: Exception) -> None:
        if str(error) != self._problem:
            self._problem = str(error)
            version = self._models.champion.version
            logger.error("model %s goes on serving: %s", version, error)


def _digest(predictor: Predictor) -> str:
    return hashlib.sha256(predictor.artifact.files[MANIFEST]).hexdigest()


def _warm(artifact: Artifact) -> Predictor:
    """Return a predictor that has answered once.

    Unlike what the start loads it stays in the collector's sight: its classes are
    cycles, which would never go once it has served.
    """
    made = Predictor(artifact)
    artifact.predict(artifact.golden[0])
    return made


def _tried(
    retrying: Retrying,
    key: Hashable,
    load: Callable[[], Predictor],
    metrics: Metrics,
) -> Predictor:
    """Return a model, loaded unless it failed so lately that it is not tried yet.

    Raises:
        ArtifactError, LookupError, OSError, ValueError: As `load` does, now or when it
            was tried last.
    """
    known = retrying.failure(key)
    if known is not None:
        raise known.with_traceback(None)
    try:
        return load()
    except (ArtifactError, LookupError, OSError, ValueError) as error:
        retrying.failed(key, error)
        metrics.add("churn_load_failures_total")
        raise


class Beside:
    """Holds the models that a rollout asks for beside the champion."""

    def __init__(
        self,
        models: Models,
        store: ModelStore,
        rollout: Rollout,
        metrics: Metrics,
        retrying: Retrying | None = None,
    ) -> None:
        """Name what is followed, and hold what is asked for already.

        Args:
            models: Those of the service.
            store: Those of the registry.
            rollout: Says which are asked for.
            metrics: Where failures are counted.
            retrying: When to load again what could not be; None: by the usual clock.
        """
        self._models, self._store, self._rollout = models, store, rollout
        self._metrics, self._retrying = metrics, retrying or Retrying()
        self._unfit: set[tuple[str, str]] = set()
        self._problem: str | None = None
        self.refresh()

    def refresh(self) -> None:
        """Hold what the rollout asks for; who asks for no model gets the champion.

        A model that cannot be read, or has other inputs than the champion, answers
        nobody, and the log says why, once.
        """
        state = self._rollout.state
        wanted = {v for v in (state.challenger, state.shadow) if v is not None}
        self._retrying.keep(*wanted)
        held = {v: m for v, m in self._models.others.items() if v in wanted}
        told, self._problem = self._problem, None
        for version in sorted(wanted - held.keys()):
            try:
                held[version] = self._loaded(version)
            except (ArtifactError, LookupError, OSError, ValueError) as error:
                self._problem = str(error)
        if self._problem not in (None, told):
            wanted_now = state.percentage or state.shadow  # not after a stop
            level = logging.ERROR if wanted_now else logging.WARNING
            logger.log(
                level,
                "the champion answers in the challenger's place: %s",
                self._problem,
            )
        self._models.hold(held)

    def problems(self) -> dict[str, str | None]:
        """Return why the champion answers in the place of another."""
        return {"challenger": self._problem}

    def _loaded(self, version: str) -> Predictor:
        """Return a model that has the champion's inputs.

        Raises:
            ValueError: It has others. It is not loaded again beside this champion.
        """
        champion = self._models.champion
        unfit = (version, _digest(champion))
        if unfit not in self._unfit:
            made = _tried(
                self._retrying,
                version,
                lambda: _warm(self._store.artifact(version)),
                self._metrics,
            )
            if made.reader.names == champion.reader.names:
                return made
            self._unfit.add(unfit)
        raise ValueError(
            f"expected {version} to have the inputs of the champion "
            f"{champion.version}, got others; promote it, or train it on the same"
        )

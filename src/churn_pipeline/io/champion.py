"""Catalog dataset of the champion: what serves now, and the way to release another."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset
from kedro.io.core import DatasetError
from kedro_datasets._typing import JSONPreview

from churn_pipeline.processes import account
from churn_pipeline.release.artifact import Artifact, ArtifactError

if TYPE_CHECKING:
    from churn_pipeline.release.proposal import Release
    from churn_pipeline.release.reigning import Reigning
    from churn_pipeline.release.releases import Releases
    from churn_pipeline.release.store import ModelStore

    Loaded = Artifact | Reigning | ArtifactError | None


logger = logging.getLogger(__name__)


class NoChampionError(DatasetError):
    """There is no champion to score with."""


class ChampionDataset(AbstractDataset["Release", "Loaded"]):
    """Loads the champion of a data set; saving registers a model, and may promote it.

    Loading needs no MLflow.
    """

    def __init__(
        self,
        *,
        path: str,
        dataset: str,
        tracking_uri: str,
        rollout: str,
        to_compare: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the places.

        Args:
            path: Folder of the data set's models, e.g. `data/06_models/company`. Kedro
                makes it absolute for the sake of its name.
            dataset: Name of the data set; the registered model is `churn_<dataset>`.
            tracking_uri: MLflow's database or server.
            rollout: `rollout.json` of the data set's service.
            to_compare: Whether it is loaded as a gate wants it: a `Reigning` with the
                artifact that it was measured as; a champion whose files are missing
                or wrong as the error that says so; None where there is none.
            metadata: For kedro-viz.
        """
        self._path = path
        self._dataset = dataset
        self._tracking_uri = tracking_uri
        self._rollout = rollout
        self._to_compare = to_compare
        self.metadata = metadata

    def load(self) -> Loaded:
        """Return the champion, checked.

        Raises:
            NoChampionError: None was released yet; with the reason of the gate.
            ArtifactError: There is one, and its files are missing or altered.
        """
        releases = self.releases
        if self._to_compare:
            return _reigning(releases.store)
        champion = releases.store.champion()
        if champion is None:
            raise NoChampionError(_why_none(releases))
        return champion

    def preview(self) -> JSONPreview:
        """Return the champion's manifest for Kedro-Viz; null before the first."""
        champion = self.releases.store.champion()
        manifest = None if champion is None else champion.manifest.model_dump_json()
        return JSONPreview(manifest or "null")

    def save(self, data: Release) -> None:
        """Register a model, and promote or try it where checks and policy allow."""
        from churn_pipeline.release.objections import is_tried

        releases = self.releases
        releases.register(data)
        if is_tried(releases, data):
            from churn_pipeline.serving.rollout.begin import begin_canary
            from churn_pipeline.serving.rollout.spec import Canary

            plan = Canary.model_validate(dict(data.canary))
            path, version = Path(self._rollout), data.artifact.manifest.version
            logger.info("%s", begin_canary(path, version, plan, who=account()))

    @property
    def releases(self) -> Releases:
        """Releases of the data set, on behalf of this account."""
        from churn_pipeline.release.registry import Registry
        from churn_pipeline.release.releases import Releases
        from churn_pipeline.release.store import ModelStore

        registry = Registry(self._dataset, self._tracking_uri)
        return Releases(ModelStore(self._path), registry, who=account())

    def _exists(self) -> bool:
        return self.releases.store.pointer() is not None

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path, "dataset": self._dataset}


def _reigning(store: ModelStore) -> Reigning | ArtifactError | None:
    """Return the champion as served and as measured, or what is wrong with it."""
    from churn_pipeline.release.reigning import Reigning

    try:
        served = store.champion()
        if served is None:
            return None
        return Reigning(served, store.measured(served.manifest.version))
    except ArtifactError as error:
        return error


def _why_none(releases: Releases) -> str:
    """Return why there is no champion to score with, and what to do."""
    from churn_pipeline.release.first import first_champion

    waits = bool(releases.waiting())
    dataset, entries = releases.registry.dataset, releases.store.decisions()
    why = first_champion(dataset, entries, waits=waits, shown=str)
    left = "; once it is approved, `kedro churn resume` does what is left of this run"
    return f"nothing was scored, {why}{left if waits else ''}"

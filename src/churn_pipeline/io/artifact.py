"""Catalog datasets of artifacts: folders that are whole or not there."""

from __future__ import annotations

import shutil
import tempfile
from abc import abstractmethod
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from kedro.io import AbstractVersionedDataset, DatasetError, Version
from kedro_datasets._typing import JSONPreview

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.manifest import MANIFEST

Artifacts = dict[str, Artifact]
T = TypeVar("T", Artifact, Artifacts)


class _Folder(AbstractVersionedDataset[T, T]):
    """A folder that is written in one step, with the version of the save."""

    def __init__(
        self,
        *,
        filepath: str,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the folder.

        Args:
            filepath: The folder, or that of its versions where versioned.
            version: Version to load and to save as.
            metadata: For kedro-viz.
        """
        self.metadata = metadata
        super().__init__(
            filepath=PurePosixPath(filepath),
            version=version,
            exists_function=lambda path: self._is_there(Path(path)),
        )

    def save(self, data: T) -> None:
        """Write the folder in one step: a killed run leaves no half of it."""
        target = Path(self._get_save_path())
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as parent:
            fresh = Path(parent) / target.name
            self._fill(fresh, data, self.resolve_save_version())
            if target.exists():
                shutil.rmtree(target)
            fresh.rename(target)

    @abstractmethod
    def _fill(self, folder: Path, data: T, version: str | None) -> None:
        """Write into a new folder."""

    @abstractmethod
    def _is_there(self, folder: Path) -> bool:
        """Return whether a folder holds what is to be loaded."""

    def _exists(self) -> bool:
        try:
            return self._is_there(Path(self._get_load_path()))
        except DatasetError:
            return False

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "version": self._version}


class ArtifactDataset(_Folder[Artifact]):
    """Reads and writes artifacts; the version of the save is stamped on them."""

    def load(self) -> Artifact:
        """Return the artifact, its hashes and golden rows checked."""
        return Artifact.load(Path(self._get_load_path()))

    def preview(self) -> JSONPreview:
        """Return the manifest for Kedro-Viz."""
        return JSONPreview(self.load().manifest.model_dump_json())

    def _fill(self, folder: Path, data: Artifact, version: str | None) -> None:
        _stamped(data, version).save(folder)

    def _is_there(self, folder: Path) -> bool:
        return (folder / MANIFEST).is_file()


class ArtifactsDataset(_Folder[Artifacts]):
    """Reads and writes artifacts by name, a folder each: all are there, or none is."""

    def load(self) -> Artifacts:
        """Return the artifacts by name, their hashes and golden rows checked."""
        folders = _folders(Path(self._get_load_path()))
        return {folder.name: Artifact.load(folder) for folder in folders}

    def _fill(self, folder: Path, data: Artifacts, version: str | None) -> None:
        for name, artifact in data.items():
            _stamped(artifact, version).save(folder / name)

    def _is_there(self, folder: Path) -> bool:
        return bool(_folders(folder))


def _folders(path: Path) -> list[Path]:
    """Return the artifacts' folders below a folder, by name."""
    return sorted(found.parent for found in path.glob(f"*/{MANIFEST}"))


def _stamped(artifact: Artifact, version: str | None) -> Artifact:
    return artifact.restated(version=version) if version else artifact

"""Catalog dataset of several artifacts: a folder of their folders, by name."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import AbstractVersionedDataset, DatasetError, Version

from churn_pipeline.release.artifact import MANIFEST, Artifact

Artifacts = dict[str, Artifact]


class ArtifactsDataset(AbstractVersionedDataset[Artifacts, Artifacts]):
    """Reads and writes artifacts by name; the version of the save is stamped on them.

    All of them are there, or none is.
    """

    def __init__(
        self,
        *,
        filepath: str,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the folder.

        Args:
            filepath: Folder of the artifacts' folders, or of its versions.
            version: Version to load and to save as.
            metadata: For kedro-viz.
        """
        self.metadata = metadata
        super().__init__(
            filepath=PurePosixPath(filepath),
            version=version,
            exists_function=lambda path: bool(_folders(Path(path))),
        )

    def load(self) -> Artifacts:
        """Return the artifacts by name, their hashes and golden rows checked."""
        folders = _folders(Path(self._get_load_path()))
        return {folder.name: Artifact.load(folder) for folder in folders}

    def save(self, data: Artifacts) -> None:
        """Write the artifacts in one step: a killed run leaves no half of them."""
        target = Path(self._get_save_path())
        version = self.resolve_save_version()
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as parent:
            fresh = Path(parent) / target.name
            for name, artifact in data.items():
                stamped = artifact.restated(version=version) if version else artifact
                stamped.save(fresh / name)
            if target.exists():
                shutil.rmtree(target)
            fresh.rename(target)

    def _exists(self) -> bool:
        try:
            return bool(_folders(Path(self._get_load_path())))
        except DatasetError:
            return False

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "version": self._version}


def _folders(path: Path) -> list[Path]:
    """Return the artifacts' folders below a folder, by name."""
    return sorted(found.parent for found in path.glob(f"*/{MANIFEST}"))

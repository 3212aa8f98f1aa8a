"""Catalog dataset of an artifact: a folder that is whole or not there."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import AbstractVersionedDataset, DatasetError, Version
from kedro_datasets._typing import JSONPreview

from churn_pipeline.release.artifact import MANIFEST, Artifact


class ArtifactDataset(AbstractVersionedDataset[Artifact, Artifact]):
    """Reads and writes artifacts; the version of the save is stamped on them."""

    def __init__(
        self,
        *,
        filepath: str,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the folder.

        Args:
            filepath: Folder of the artifact, or of its versions where versioned.
            version: Version to load and to save as.
            metadata: For kedro-viz.
        """
        self.metadata = metadata
        super().__init__(
            filepath=PurePosixPath(filepath),
            version=version,
            exists_function=lambda path: (Path(path) / MANIFEST).is_file(),
        )

    def load(self) -> Artifact:
        """Return the artifact, its hashes and golden rows checked."""
        return Artifact.load(Path(self._get_load_path()))

    def preview(self) -> JSONPreview:
        """Return the manifest for Kedro-Viz."""
        return JSONPreview(self.load().manifest.model_dump_json())

    def save(self, data: Artifact) -> None:
        """Write the artifact in one step: a killed run leaves no half of one."""
        target = Path(self._get_save_path())
        version = self.resolve_save_version()
        artifact = data.restated(version=version) if version else data
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as parent:
            fresh = Path(parent) / target.name
            artifact.save(fresh)
            if target.exists():
                shutil.rmtree(target)
            fresh.rename(target)

    def _exists(self) -> bool:
        try:
            return (Path(self._get_load_path()) / MANIFEST).is_file()
        except DatasetError:
            return False

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "version": self._version}

"""A catalog dataset of the newest version of what another entry writes."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any, NoReturn

import fsspec
from kedro.io import AbstractDataset, DatasetError


class LatestJSON(AbstractDataset[None, Any]):
    """The newest version of a versioned JSON dataset; None before the first.

    A pipeline that compares with its own last result cannot read and write one
    entry: this one reads what the other wrote in an earlier run.
    """

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        """Take the path of the versioned entry, and `metadata` for Kedro-Viz."""
        self._filepath = filepath
        self.metadata = metadata

    def load(self) -> Any:
        """Return the newest version's content, or None."""
        newest = self._newest()
        if newest is None:
            return None
        with fsspec.open(newest, "r", encoding="utf-8") as file:
            return json.load(file)

    def save(self, data: None) -> NoReturn:
        """Refuse: the versioned entry is the one to write to."""
        raise DatasetError(
            f"expected an entry to write to, got one that reads the newest version of "
            f"{self._filepath}; write to the versioned entry"
        )

    def _newest(self) -> str | None:
        """Return the path of the newest version; versions sort by time."""
        filesystem, path = fsspec.core.url_to_fs(self._filepath)
        found = filesystem.glob(f"{path}/*/{PurePosixPath(path).name}")
        return filesystem.unstrip_protocol(max(found)) if found else None

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}

    def _exists(self) -> bool:
        return self._newest() is not None

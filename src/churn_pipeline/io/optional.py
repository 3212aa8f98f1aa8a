"""A catalog dataset of a JSON file that somebody else writes, or nobody."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import fsspec
from kedro.io import AbstractDataset, DatasetError


class OptionalJSON(AbstractDataset[None, Any]):
    """A JSON file; None where there is none."""

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        """Take the path, and `metadata` for Kedro-Viz."""
        self._filepath = filepath
        self.metadata = metadata

    def load(self) -> Any:
        """Return the file's content, or None.

        Raises:
            DatasetError: It is no JSON.
        """
        if not self._exists():
            return None
        with fsspec.open(self._filepath, "r", encoding="utf-8") as file:
            try:
                return json.load(file)
            except ValueError as error:
                raise DatasetError(
                    f"expected JSON in {self._filepath}, got {error}; write it again, "
                    "or remove it"
                ) from error

    def save(self, data: None) -> NoReturn:
        """Refuse: no run writes it."""
        raise DatasetError(
            f"expected an entry to write to, got one that is only read: "
            f"{self._filepath}"
        )

    def _exists(self) -> bool:
        filesystem, path = fsspec.core.url_to_fs(self._filepath)
        return bool(filesystem.exists(path))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}

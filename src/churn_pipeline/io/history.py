"""Catalog dataset of the history of watches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from churn_pipeline.monitoring.history import Watch, append, read


class WatchHistory(AbstractDataset[list[dict[str, Any]], list[dict[str, Any]]]):
    """The history: loading gives all watches, saving adds some.

    A pipeline that judges by the history and adds to it has two entries of one path:
    Kedro lets no pipeline read what it writes.
    """

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Take the path of the file, and `metadata` for Kedro-Viz."""
        self._path = path
        self.metadata = metadata

    def load(self) -> list[dict[str, Any]]:
        """Return the watches, the oldest date first, see `monitoring.history.Watch`.

        Raises:
            ValueError: A line is none of a history.
        """
        return [watch.model_dump(mode="json") for watch in read(Path(self._path))]

    def save(self, data: list[dict[str, Any]]) -> None:
        """Add watches, a line each."""
        for watch in data:
            append(Path(self._path), Watch.model_validate(watch))

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path}

    def _exists(self) -> bool:
        return Path(self._path).is_file()

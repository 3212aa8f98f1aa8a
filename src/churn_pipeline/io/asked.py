"""Catalog datasets of what a decision looks up: requests, and the models made."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from churn_pipeline.monitoring.requests import requests


class _ReadOnly(AbstractDataset[None, Any]):
    """Something that others write."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Take the path, and `metadata` for Kedro-Viz."""
        self._path = path
        self.metadata = metadata

    def save(self, data: None) -> NoReturn:
        """Refuse: a pipeline only reads it."""
        raise DatasetError(
            f"expected an entry to write to, got one that is only read: {self._path}"
        )

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path}

    def _exists(self) -> bool:
        return Path(self._path).exists()


class RetrainRequests(_ReadOnly):
    """The requests for another model, which the service writes down."""

    def load(self) -> list[dict[str, Any]]:
        """Return the requests, the oldest first; none where there is no file.

        Raises:
            ValueError: A line is none of a request.
        """
        return [found.model_dump(mode="json") for found in requests(Path(self._path))]


class ModelsMade(_ReadOnly):
    """The versions of every model of a data set, refused ones included."""

    def load(self) -> list[str]:
        """Return the versions, the oldest first."""
        from churn_pipeline.release.store import ModelStore

        return ModelStore(self._path).versions()

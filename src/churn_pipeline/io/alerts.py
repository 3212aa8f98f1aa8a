"""Catalog dataset of the alerts: saving tells what is new, and keeps the book."""

from __future__ import annotations

import datetime as dt
import logging
import os
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from churn_pipeline.monitoring.alerts.book import standing
from churn_pipeline.monitoring.alerts.sinks import URLS
from churn_pipeline.monitoring.alerts.tell import Raised, tell

logger = logging.getLogger(__name__)


class AlertBook(AbstractDataset[Raised, list[dict[str, Any]]]):
    """The book of alerts: loading gives those that stand, saving raises some."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Take the path of the file, and `metadata` for Kedro-Viz."""
        self._path = path
        self.metadata = metadata

    def load(self) -> list[dict[str, Any]]:
        """Return the last notice of each alert that stands.

        Raises:
            ValueError: A line is none of a book.
        """
        found = standing(Path(self._path)).values()
        return [notice.model_dump(mode="json") for notice in found]

    def save(self, data: Raised) -> None:
        """Tell what is new by the sinks that CHURN_ALERTS names, and write it down.

        Raises:
            ValueError: The book cannot be read, or CHURN_ALERTS names no service.
        """
        told = tell(
            data,
            Path(self._path),
            now=dt.datetime.now(dt.UTC),
            where=os.environ.get(URLS, ""),
        )
        for notice in told:
            if notice.unsent:
                logger.warning(
                    "%s was not taken by %s; it is told again the next time",
                    notice.alert.key,
                    ", ".join(notice.unsent),
                )

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path}

    def _exists(self) -> bool:
        return Path(self._path).is_file()

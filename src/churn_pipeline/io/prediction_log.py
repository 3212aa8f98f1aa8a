"""Catalog dataset of the prediction log of a data set's service."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from churn_pipeline.serving.journal.pseudonym import Pseudonyms


@dataclass(frozen=True)
class PredictionLog:
    """A log that is there, and when it was looked at.

    Attributes:
        url: `sqlite:///…` or `postgresql://…`.
        now_ns: Nanoseconds since 1970.
        pseudonyms: What customers are called in it.
    """

    url: str
    now_ns: int
    pseudonyms: Pseudonyms = field(default_factory=Pseudonyms)


class PredictionLogDataset(AbstractDataset[None, PredictionLog | None]):
    """The log that the service writes; loading opens nothing but looks at it."""

    def __init__(self, *, dataset: str, metadata: dict[str, Any] | None = None) -> None:
        """Take the name of the data set, and `metadata` for Kedro-Viz."""
        self._dataset = dataset
        self.metadata = metadata

    def load(self) -> PredictionLog | None:
        """Return the log; None where there is none.

        Raises:
            ValueError: It is of another release, or its names are of another key.
        """
        from churn_pipeline.serving.journal.database import (
            connect,
            exists,
            journal_url,
        )
        from churn_pipeline.serving.place import service_folder

        folder = service_folder(self._dataset)
        url = journal_url(Path.cwd() / folder)
        if not exists(url):
            return None
        pseudonyms = Pseudonyms.of(folder)
        connect(url, pseudonyms=pseudonyms.fingerprint).close()
        return PredictionLog(url, time.time_ns(), pseudonyms)

    def save(self, data: None) -> NoReturn:
        """Refuse: the service alone writes it."""
        raise DatasetError(
            "expected an entry to write to, got the prediction log, which the service "
            "writes; name another output"
        )

    def _exists(self) -> bool:
        return self.load() is not None

    def _describe(self) -> dict[str, Any]:
        return {"dataset": self._dataset}

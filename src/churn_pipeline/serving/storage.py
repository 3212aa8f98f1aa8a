"""How much room there is where the service writes, as metrics."""

from __future__ import annotations

import shutil
from pathlib import Path

from churn_pipeline.serving.metrics import Metrics


class Storage:
    """Keeps the metrics of the disk that the service's folder lies on."""

    def __init__(self, folder: Path, metrics: Metrics) -> None:
        """Name the folder."""
        self._folder, self._metrics = folder, metrics
        self._problem: str | None = None

    def refresh(self) -> None:
        """Look again; without the folder, what was seen last stays."""
        try:
            found = shutil.disk_usage(self._folder)
        except OSError as error:
            self._problem = str(error)
            return
        self._problem = None
        self._metrics.put("churn_storage_free_bytes", found.free)
        self._metrics.put("churn_storage_size_bytes", found.total)

    def problems(self) -> dict[str, str | None]:
        """Return why the room is not known."""
        return {"storage": self._problem}

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

    def refresh(self) -> None:
        """Look again.

        Raises:
            OSError: The folder is gone.
        """
        found = shutil.disk_usage(self._folder)
        self._metrics.put("churn_storage_free_bytes", found.free)
        self._metrics.put("churn_storage_size_bytes", found.total)

"""Catalog dataset of all versions of a table: what each run wrote, in one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
from kedro.io import AbstractDataset, DatasetError


class AllVersions(AbstractDataset[None, pd.DataFrame]):
    """Every version of a versioned Parquet entry, the oldest first.

    Attributes:
        path: The `filepath` of that entry.
    """

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Take the `filepath` of that entry, and `metadata` for Kedro-Viz."""
        self.path = path
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
        """Return the rows of all versions, numbered from 0; none before the first.

        A column that a version does not have is empty there.
        """
        parts = [pd.read_parquet(file) for file in self._files()]
        filled = [part for part in parts if not part.empty]
        if not filled:
            return parts[0] if parts else pd.DataFrame()
        return pd.concat(filled, ignore_index=True)

    def save(self, data: None) -> NoReturn:
        """Refuse: the entry of the newest version is the one to write to."""
        raise DatasetError(
            f"expected an entry to write to, got one that reads all versions of "
            f"{self.path}; write to the entry of that file"
        )

    def _files(self) -> list[Path]:
        whole = Path(self.path)
        return sorted(whole.glob(f"*/{whole.name}"))  # versions sort by time

    def _exists(self) -> bool:
        return bool(self._files())

    def _describe(self) -> dict[str, Any]:
        return {"path": self.path}

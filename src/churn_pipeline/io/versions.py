"""Catalog dataset of all versions of a table: what each run wrote, in one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
from kedro.io import AbstractDataset, DatasetError

READ_AGAIN = 30
"""Versions older than what is kept that are read again all the same: a run that takes
long writes its version after a later run has read the others."""


class AllVersions(AbstractDataset[None, pd.DataFrame]):
    """Every version of a versioned Parquet entry, the oldest first.

    Where an entry keeps what was needed of the versions that there were when it was
    written, its newest version stands for them: reading takes no longer with the years.

    Attributes:
        path: The `filepath` of the entry.
        kept: The `filepath` of the entry that keeps; None: all versions are read.
    """

    def __init__(
        self,
        *,
        path: str,
        kept: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Take the `filepath` of each entry, and `metadata` for Kedro-Viz."""
        self.path = path
        self.kept = kept
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
        """Return the rows of all versions, numbered from 0; none before the first.

        A column that a version does not have is empty there. Rows that are kept come
        first, and may come again in versions that are read again.
        """
        files = self._files()
        kept = _newest_whole(_versions(self.kept)) if self.kept else None
        if kept is None:
            return _together([pd.read_parquet(file) for file in files])
        until, rows = kept
        older = sum(file.parent.name < until for file in files)
        newer = files[max(0, older - READ_AGAIN) :]
        return _together([rows, *(pd.read_parquet(file) for file in newer)])

    def save(self, data: None) -> NoReturn:
        """Refuse: the entry of the newest version is the one to write to."""
        raise DatasetError(
            f"expected an entry to write to, got one that reads all versions of "
            f"{self.path}; write to the entry of that file"
        )

    def _files(self) -> list[Path]:
        return _versions(self.path)

    def _exists(self) -> bool:
        return bool(self._files())

    def _describe(self) -> dict[str, Any]:
        return {"path": self.path, "kept": self.kept}


def _versions(path: str) -> list[Path]:
    """Return the files of a versioned entry, the oldest first."""
    whole = Path(path)
    return sorted(whole.glob(f"*/{whole.name}"))  # versions sort by time


def _newest_whole(files: list[Path]) -> tuple[str, pd.DataFrame] | None:
    """Return the newest version and its rows; None where there is none.

    A run that was killed while it wrote left half a file: the one before is taken.
    """
    from pyarrow import ArrowInvalid

    for file in reversed(files):
        try:
            return file.parent.name, pd.read_parquet(file)
        except ArrowInvalid:
            continue
    return None


def _together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if not part.empty]
    if not filled:
        return parts[0] if parts else pd.DataFrame()
    return pd.concat(filled, ignore_index=True)

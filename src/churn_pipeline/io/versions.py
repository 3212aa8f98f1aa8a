"""Catalog dataset of all versions of a table: what each run wrote, in one."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
from kedro.io import AbstractDataset, DatasetError

logger = logging.getLogger(__name__)

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
        first, and may come again in versions that are read again. Half a file is left
        out, and the log names it.
        """
        files = self._files()
        kept = _newest_whole(_versions(self.kept)) if self.kept else None
        if kept is None:
            return _together(_whole(files))
        until, rows = kept
        older = sum(file.parent.name < until for file in files)
        return _together([rows, *_whole(files[max(0, older - READ_AGAIN) :])])

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

    Where that is half a file, the one before is taken.
    """
    for file in reversed(files):
        rows = _rows(file)
        if rows is not None:
            return file.parent.name, rows
    return None


def _whole(files: list[Path]) -> list[pd.DataFrame]:
    return [rows for rows in map(_rows, files) if rows is not None]


def _rows(file: Path) -> pd.DataFrame | None:
    """Return the rows of a version; None of half a file, as a killed run leaves it."""
    from pyarrow import ArrowInvalid

    try:
        return pd.read_parquet(file)
    except ArrowInvalid as error:
        logger.warning(
            "expected a whole table in %s, got part of one (%s), which is left out; "
            "let run %s end where it is at work, else remove the file",
            file,
            error,
            file.parent.name,
        )
        return None


def _together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if not part.empty]
    if not filled:
        return parts[0] if parts else pd.DataFrame()
    return pd.concat(filled, ignore_index=True)

"""Copies of files that somebody may be writing, each as of one moment."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

_LINES, _TABLE = ".jsonl", ".parquet"


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder as of one moment, where it is there."""
    if source.name.startswith(".") or source.name.endswith(("-wal", "-shm")):
        return
    if source.is_dir():
        for path in sorted(source.iterdir()):
            copy(path, target / path.name)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".db":
            _copy_database(source, target)
        else:
            _copy_file(source, target)


def _copy_database(source: Path, target: Path) -> None:
    """Copy a file of SQLite as of one transaction, whoever writes to it."""
    with (
        closing(
            sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
        ) as a,
        closing(sqlite3.connect(target)) as b,
    ):
        a.backup(b)
    target.chmod(0o600)


def _copy_file(source: Path, target: Path) -> None:
    """Copy a file; of one that is being written, whole lines and no part of a table."""
    shutil.copyfile(source, target)
    shutil.copymode(source, target)
    if source.suffix == _LINES:
        written = target.read_bytes()
        os.truncate(target, written.rfind(b"\n") + 1)
    elif source.suffix == _TABLE and not _is_whole(target):
        target.unlink()


def _is_whole(table: Path) -> bool:
    """Return whether a Parquet file has its end, which is written last."""
    from pyarrow import ArrowInvalid
    from pyarrow.parquet import read_metadata

    try:
        read_metadata(table)
    except ArrowInvalid:
        return False
    return True

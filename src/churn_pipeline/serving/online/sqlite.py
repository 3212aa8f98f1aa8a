"""Features in the SQLite file that Feast wrote."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from churn_pipeline.serving.online.encoding import entity_key
from churn_pipeline.serving.online.record import VIEW, StoreRecord

_WAIT_SECONDS = 0.25
_TABLE = "churn_online"


class SQLiteStore:
    """Reads one customer's values, and erases them.

    The pipeline puts a new file in the place of the old one: whoever has that open
    goes on reading it, whole, until it opens the store again.
    """

    def __init__(self, path: Path) -> None:
        """Open a file for reading, and take its record.

        Raises:
            FileNotFoundError: There is none.
            sqlite3.Error: It cannot be read.
            ValueError: It has no record, or one of another version.
        """
        if not path.is_file():
            raise FileNotFoundError(path)
        self._path = path
        self._state = _state(path)
        self._reader = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=_WAIT_SECONDS,
            check_same_thread=False,
        )
        self.record = _record(self._reader)
        self._sql = f"SELECT feature_name, value FROM {_table(self.record)} "  # noqa: S608
        self._sql += "WHERE entity_key = ?"

    def changed(self) -> bool:
        """Return whether the file is another, or has been written to, since."""
        return _state(self._path) != self._state

    def read(self, customer_id: str) -> dict[str, bytes]:
        """Return the values by name, as Feast wrote them; empty of an unknown one.

        Raises:
            sqlite3.Error: The file cannot be read.
        """
        found = self._reader.execute(self._sql, (entity_key(customer_id),))
        return dict(found.fetchall())

    def erase(self, customer_id: str) -> int:
        """Remove a customer, the bytes too; return how many values went.

        Raises:
            sqlite3.Error: The file cannot be written to.
        """
        with closing(sqlite3.connect(self._path, isolation_level=None)) as writer:
            writer.execute("PRAGMA secure_delete = ON")
            asked = f"DELETE FROM {_table(self.record)} WHERE entity_key = ?"  # noqa: S608
            gone = writer.execute(asked, (entity_key(customer_id),)).rowcount
        return gone

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()


def write_record(path: Path, record: StoreRecord) -> None:
    """Say in a file what is in it."""
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} (record TEXT NOT NULL)")
        writer.execute(f"DELETE FROM {_TABLE}")  # noqa: S608
        told = record.model_dump_json()
        writer.execute(f"INSERT INTO {_TABLE} VALUES (?)", (told,))  # noqa: S608


def _record(reader: sqlite3.Connection) -> StoreRecord:
    try:
        rows = reader.execute(f"SELECT record FROM {_TABLE}").fetchall()  # noqa: S608
    except sqlite3.OperationalError as error:
        raise ValueError(f"it has no record ({error})") from error
    return StoreRecord.model_validate_json(rows[0][0])


def _table(record: StoreRecord) -> str:
    """Return the table that Feast names by project and view."""
    return f'"{record.dataset}_{VIEW}"'


def _state(path: Path) -> tuple[int, int, int] | None:
    """Return what changes with a file; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size

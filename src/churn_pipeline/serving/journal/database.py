"""A connection to the journal: a file of SQLite, or PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from churn_pipeline.masking import mask
from churn_pipeline.serving.journal.schema import VERSION, statements
from churn_pipeline.serving.place import JOURNAL

URL = "CHURN_JOURNAL"
_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgresql+psycopg://", "postgres://")

_FREED = 10_000
"""Free pages that are given back in one transaction."""

WRITING_SECONDS = 30.0
"""How long a server may take over what the service writes: it is tried again then."""
_OF_THE_ROWS = {"21", "22", "23", "54"}
"""Classes of SQLSTATE: cardinality, data, integrity, and what is too large to keep."""

Row = tuple[Any, ...]


class JournalError(ValueError):
    """The journal is not what it should be, and no new try will help."""


class Database(Protocol):
    """What the journal asks of a database; `?` stands for a parameter.

    Attributes:
        first_of: SQL that keeps of each `who` the row of the lowest `time_ns`; `{}`
            stands for the other columns and `[]` for the table.
        larger: SQL's name for the larger of two numbers.
        joins_by_hash: Whether it joins large tables without a look-up a row.
    """

    first_of: str
    larger: str
    joins_by_hash: bool

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement and return its rows."""

    def stream(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield the rows of a query, few of them in memory at a time."""

    def insert(self, table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows to a table."""

    def writing(self) -> Any:
        """Return a context: one transaction, in which no one else writes ids."""

    def has_tables(self) -> bool:
        """Return whether the tables were made."""

    def is_current(self) -> bool:
        """Return whether what is open is still what the URL names."""

    def size(self) -> int:
        """Return how many bytes the journal takes."""

    def tidy(self) -> None:
        """Give back the room of deleted rows, and end what is left of them."""

    def close(self) -> None:
        """Close the connection."""


def journal_url(folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Return the URL of a service's journal.

    Args:
        folder: Of the service.
        environment: `CHURN_JOURNAL` comes before `journal.db` in the folder. None
            takes the process's.
    """
    given = os.environ if environment is None else environment
    return given.get(URL) or f"{_SQLITE}{folder / JOURNAL}"


def connect(
    url: str,
    *,
    pseudonyms: str = "",
    wait_s: float = 1.0,
    statement_s: float | None = None,
) -> Database:
    """Return an open journal, its tables made where there were none.

    Args:
        url: `sqlite:///…` (a path; four slashes where it is absolute) or
            `postgresql://…`.
        pseudonyms: Fingerprint of their key; empty without one.
        wait_s: How long to wait for another writer.
        statement_s: How long a server may take over a statement; None: as long as it
            says itself.

    Raises:
        JournalError: The URL is none of these, the tables are of another release, or
            the names in them were made with another key.
    """
    database = open_database(url, wait_s, statement_s)
    try:
        with database.writing():
            if not database.has_tables():
                for statement in statements(_dialect(url)):
                    database.run(statement)
                named = [("pseudonyms", pseudonyms)]
                database.insert("journal", ("name", "value"), named)
        rows = database.run("SELECT name, value FROM journal")
        known = {name: value for name, value in rows}
        _check(known, pseudonyms, shown(url))
    except BaseException:
        database.close()
        raise
    return database


def exists(url: str) -> bool:
    """Return whether there is a journal to read; a server's is taken to be there."""
    return _dialect(url) != "sqlite" or Path(url.removeprefix(_SQLITE)).is_file()


def is_file(url: str) -> bool:
    """Return whether a journal is a file of this machine's."""
    return _dialect(url) == "sqlite"


def shown(url: str) -> str:
    """Return a URL without its password."""
    return str(mask(url))


def is_passing(error: Exception) -> bool:
    """Return whether an error of a database may pass: a lock, a full disk, a restart.

    What the rows themselves cause, does not.
    """
    if isinstance(error, sqlite3.Error):
        return isinstance(error, sqlite3.OperationalError) or (
            type(error) is sqlite3.DatabaseError
        )
    names = {kind.__name__ for kind in type(error).__mro__}
    if str(getattr(error, "sqlstate", ""))[:2] in _OF_THE_ROWS:
        return False  # some of them are an OperationalError
    if "psycopg" in type(error).__module__:
        return bool(names & {"OperationalError", "InterfaceError", "InternalError"})
    return isinstance(error, OSError | JournalError)


def _dialect(url: str) -> str:
    return "sqlite" if url.startswith(_SQLITE) else "postgresql"


def open_database(
    url: str, wait_s: float = 1.0, statement_s: float | None = None
) -> Database:
    """Return an open database, as `connect` does, whatever tables it has."""
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        return SQLite(Path(url.removeprefix(_SQLITE)), wait_s)
    if url.startswith(_POSTGRES):
        from churn_pipeline.serving.journal.postgres import Postgres

        return Postgres("postgresql://" + url.partition("://")[2], wait_s, statement_s)
    raise JournalError(
        f"expected {URL} to be sqlite:///path/of/journal.db or "
        f"postgresql://user@host/name, got {shown(url)!r}"
    )


def _check(known: Mapping[str, str], pseudonyms: str, where: str) -> None:
    if known.get("schema_version") != str(VERSION):
        raise JournalError(
            f"expected a journal of version {VERSION}, got "
            f"{known.get('schema_version')} in {where}; read it with the release that "
            f"made it, or name another in {URL}"
        )
    if known.get("pseudonyms", "") != pseudonyms:
        state = {True: "pseudonyms of a key", False: "ids as they came"}
        own = bool(known.get("pseudonyms"))
        mend = "give it its own key back" if own else "take the key away"
        raise JournalError(
            f"expected {state[own]} for the journal {where}, as it has them, got "
            f"{state[bool(pseudonyms)]}{' of another' * (own and bool(pseudonyms))}; "
            f"{mend}, or begin a new journal: name it in {URL}"
        )


class SQLite:
    """A journal in a file, in WAL mode: readers and the writer do not wait."""

    # Beside min() SQLite gives the other columns of that row.
    first_of = "SELECT who, min(time_ns) AS time_ns, {} FROM [] GROUP BY who"
    larger, joins_by_hash = "max", False
    _SIZES = (256, 16, 1)

    def __init__(self, path: Path, wait_s: float) -> None:
        """Open the file, which only its owner can read; it need not exist."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # Only where it is absent: closing any descriptor of the file would take away
        # the locks that this process's other connections hold on it (POSIX), and the
        # next process to close the journal would remove the log under them.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        self._connection = sqlite3.connect(
            path, timeout=wait_s, isolation_level=None, check_same_thread=False
        )
        self._file = _identity(path)
        for pragma in (
            "auto_vacuum = INCREMENTAL",
            "journal_mode = WAL",
            "synchronous = FULL",  # a commit is on the disk; some five a second
            "secure_delete = ON",
            "cache_size = -16000",
            "journal_size_limit = 16000000",
        ):
            self._connection.execute(f"PRAGMA {pragma}")

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement and return its rows."""
        return self._connection.execute(sql, values).fetchall()

    def stream(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield the rows of a query, one at a time."""
        yield from self._connection.execute(sql, values)

    def insert(self, table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows, hundreds by one statement.

        SQLite works without the interpreter's lock: a statement a row would ask for
        it a row, and wait for requests each time.
        """
        start = 0
        one = f"({', '.join('?' * len(names))})"
        head = f"INSERT INTO {table} ({', '.join(names)}) VALUES "  # noqa: S608
        for size in self._SIZES:
            sql = head + ", ".join([one] * size)
            while len(rows) - start >= size:
                values = tuple(chain.from_iterable(rows[start : start + size]))
                self._connection.execute(sql, values)
                start += size

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold SQLite's one right to write until the block ends."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def has_tables(self) -> bool:
        """Return whether the tables were made."""
        asked = "SELECT 1 FROM sqlite_master WHERE name = 'journal'"
        return bool(self.run(asked))

    def is_current(self) -> bool:
        """Return whether the file still lies there: a deleted one takes rows too."""
        return _identity(self.path) == self._file

    def size(self) -> int:
        """Return how many bytes the file and its WAL take."""
        return sum(path.stat().st_size for path in self.files() if path.exists())

    def files(self) -> tuple[Path, Path]:
        """Return the file and its WAL."""
        return self.path, self.path.with_name(self.path.name + "-wal")

    def tidy(self) -> None:
        """Give back free pages, and empty the WAL, which holds former pages."""
        # A page a step, and `execute` makes one step of what returns no rows; some
        # thousand at once, so that others can write between.
        for _ in range(0, self.run("PRAGMA freelist_count")[0][0], _FREED):
            self._connection.executescript(f"PRAGMA incremental_vacuum({_FREED})")
        self.run("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino

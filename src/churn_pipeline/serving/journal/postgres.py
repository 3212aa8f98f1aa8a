"""A journal in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from churn_pipeline.serving.journal.database import Row

_LOCK = 0x6368_7572_6E
"""Key of the lock that writers of ids take in turn: the letters of `churn`."""


_ALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""What tells within 20 s that a server is gone without a word; s, s, times, ms."""


class Postgres:
    """A connection to PostgreSQL."""

    first_of = "SELECT DISTINCT ON (who) who, time_ns, {} FROM [] ORDER BY who, time_ns"
    larger, joins_by_hash = "greatest", True

    def __init__(
        self, url: str, wait_s: float, statement_s: float | None = None
    ) -> None:
        """Connect.

        Args:
            url: `postgresql://…`; what it says itself of keep-alives holds.
            wait_s: How long to wait for the server or a lock; at least 2 s for the
                server, as libpq does.
            statement_s: How long a statement may take; None: as the server has it.

        Raises:
            ModuleNotFoundError: psycopg is not installed.
        """
        try:
            import psycopg
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "expected psycopg for a journal in PostgreSQL, found none; "
                "`pip install -c requirements.lock -e '.[postgres]'`"
            ) from error
        given: dict[str, Any] = {
            **_ALIVE,
            "connect_timeout": max(2, round(wait_s)),
            **psycopg.conninfo.conninfo_to_dict(url),
        }
        self._connection = psycopg.connect(
            psycopg.conninfo.make_conninfo(**given), autocommit=True
        )
        self._connection.execute(f"SET lock_timeout = '{max(1000, wait_s * 1000):.0f}'")
        if statement_s is not None:
            self.run(f"SET statement_timeout = '{statement_s * 1000:.0f}'")

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement and return its rows."""
        done = self._connection.execute(
            sql.replace("?", "%s").encode(), list(values) if values else None
        )
        return done.fetchall() if done.description else []

    def stream(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield the rows of a query, some thousand at a time."""
        with (
            self._connection.transaction(),
            self._connection.cursor(name="journal") as cursor,
        ):
            cursor.itersize = 10_000
            cursor.execute(sql.replace("?", "%s").encode(), list(values) or None)
            yield from cursor

    def insert(self, table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows by one COPY."""
        asked = f"COPY {table} ({', '.join(names)}) FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(asked.encode()) as copy:
            for row in rows:
                copy.write_row(row)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write in one transaction, no other writer of the journal beside it."""
        with self._connection.transaction():
            self.run("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
            yield

    def has_tables(self) -> bool:
        """Return whether the tables were made."""
        return self.run("SELECT to_regclass('journal') IS NOT NULL") == [(True,)]

    def is_current(self) -> bool:
        """Return whether the connection is open."""
        return not self._connection.closed

    def size(self) -> int:
        """Return how many bytes the tables and their indexes take."""
        asked = (
            "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE "
            "relkind = 'r' AND relname IN ('journal', 'model', 'inputs', 'request', "
            "'prediction', 'feedback') AND pg_table_is_visible(oid)"
        )
        return int(self.run(asked)[0][0])

    def tidy(self) -> None:
        """Let the room of deleted rows be used again."""
        for table in ("inputs", "request", "prediction", "feedback"):
            self.run(f"VACUUM {table}")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

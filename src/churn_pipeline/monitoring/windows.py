"""The prediction log by window: whose labels have matured, counted in bounded memory.

The log, SQLite or PostgreSQL, is read once, in its own order and as Arrow batches; the
joins are DuckDB's, which puts on the disk what its memory does not hold. What comes
back are cells (see `monitoring.cells`), a few thousand a month.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from churn_pipeline.monitoring import window_sql
from churn_pipeline.monitoring.cells import BINS, Cells

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

DAY_NS = 86_400 * 10**9
_EPOCH = dt.date(1970, 1, 1)
_SQLITE = "sqlite:///"
_BATCH_ROWS = 65_536
_LATE = 2**62
"""Comes after any time."""
_NOT_KNOWN = 2


@dataclass(frozen=True)
class Window:
    """Some days.

    Attributes:
        start: The first day.
        end: The day after the last.
    """

    start: dt.date
    end: dt.date

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError(
                f"expected a window that ends after its first day, got {self.start} to "
                f"{self.end}; the end is the day after the last"
            )

    @property
    def days(self) -> tuple[int, int]:
        """First day and the day after the last, in days since 1970."""
        return (self.start - _EPOCH).days, (self.end - _EPOCH).days


@dataclass(frozen=True)
class LoggedMonth:
    """The customers whom the service answered in a month, each once.

    Attributes:
        month: Its first day.
        newest: The day (UTC) of the newest answer that counts.
        cells: The customers; of those whose label has not matured, it is not known.
        matured: Whether the horizon of every answer has passed.
    """

    month: dt.date
    newest: dt.date
    cells: Cells
    matured: bool


def predictions_in(
    journal_url: str, window: Window, *, model_version: str | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the predictions of a window, few of them in memory at a time.

    Args:
        journal_url: `sqlite:///…` or `postgresql://…`.
        window: Days (UTC) of the answers.
        model_version: Of this version alone; None: of all.

    Yields:
        Batches of `request`, `line`, `customer` (text, empty for none), `probability`,
        `called` (1 or 0), `day` (since 1970) and `value` (money; -1: the usual).
        What a shadow said is left out: nobody acted on it.
    """
    with _opened(journal_url) as cursor:
        sql = _predictions(cursor, window, model_version)
        if sql:
            cursor.execute(sql)
            yield from cursor.fetch_record_batch()


def logged_months(
    journal_url: str,
    window: Window,
    *,
    model_version: str,
    maturity_days: int,
    now_ns: int,
    usual_value: float,
    memory: str = "1GB",
) -> list[LoggedMonth]:
    """Return the months of a window, with the labels that have matured.

    A customer counts once a month: with the first answer that has a matured label, or
    else the first. A label is of a request and row, or of a customer and day; the last
    that came holds. Nobody is taken to have stayed before the horizon has passed, nor
    for want of a label, and who left early waits with the others.

    Args:
        journal_url: `sqlite:///…` or `postgresql://…`.
        window: Days (UTC) of the answers.
        model_version: The version whose answers count.
        maturity_days: From an answer until those who stayed are known.
        now_ns: By when labels have matured, nanoseconds since 1970.
        usual_value: Money that a customer is worth of whom that is not logged.
        memory: What DuckDB may take; the rest goes to a temporary file.

    Returns:
        The months, the oldest first; none where nothing was answered.
    """
    with tempfile.TemporaryDirectory(prefix="churn-windows-") as folder:
        with closing(_database(folder, memory)) as database:
            with _opened(journal_url) as cursor:
                if not _read_log(database, cursor, window, model_version, usual_value):
                    return []
            until = now_ns - maturity_days * DAY_NS
            database.execute(
                window_sql.LABELLED.format(
                    horizon=now_ns - until, until=until, late=_LATE
                )
            )
            return [
                _month(database, month, newest, until=until)
                for month, newest in database.execute(window_sql.MONTHS).fetchall()
            ]


def _database(folder: str, memory: str) -> duckdb.DuckDBPyConnection:
    """Return an empty database that puts on the disk what its memory does not hold."""
    import duckdb

    bounds: dict[str, Any] = {"memory_limit": memory}
    database = duckdb.connect(f"{folder}/window.duckdb", config=bounds)
    database.execute("SET preserve_insertion_order = false")
    return database


@contextmanager
def _opened(url: str) -> Iterator[Any]:
    """Open the log to read, as Arrow."""
    option = {}
    if url.startswith(_SQLITE):
        import adbc_driver_sqlite.dbapi as sqlite

        path = quote(url.removeprefix(_SQLITE))
        connection = sqlite.connect(f"file:{path}?mode=ro")
        option = {"adbc.sqlite.query.batch_rows": str(_BATCH_ROWS)}
    else:
        import adbc_driver_postgresql.dbapi as postgresql

        connection = postgresql.connect("postgresql://" + url.partition("://")[2])
    with connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**option)
        yield cursor


def _read_log(
    database: duckdb.DuckDBPyConnection,
    cursor: Any,
    window: Window,
    model_version: str,
    usual_value: float,
) -> bool:
    """Copy what a window needs into the database; return whether there is any."""
    predictions = _predictions(cursor, window, model_version)
    if not predictions:
        return False
    first, end = window.days
    since = first * DAY_NS
    requests = window_sql.REQUESTS.format(since=since, end=end * DAY_NS)
    labels = window_sql.LABELS.format(first=first, end=end)
    copied = (("p", predictions), ("r", requests), ("f", labels))
    for table, sql in copied:
        cursor.execute(sql)
        database.register("source", cursor.fetch_record_batch())
        database.execute(window_sql.COPIES[table].format(usual=usual_value))
        database.unregister("source")
    return True


def _predictions(cursor: Any, window: Window, model_version: str | None) -> str:
    """Return SQL for the predictions of a window; empty where there are none."""
    cursor.execute("SELECT id, model_version, variant FROM model")
    models = [
        str(identity)
        for identity, version, variant in cursor.fetchall()
        if variant != "shadow" and model_version in (None, version)
    ]
    first, end = window.days
    # Predictions lie in the order of their requests, whose ids grow with time: a
    # range of them is read as it lies, where an index by day would jump about.
    cursor.execute(window_sql.RANGE.format(since=first * DAY_NS, end=end * DAY_NS))
    low, high = cursor.fetchone()
    if not models or low is None:
        return ""
    return window_sql.PREDICTIONS.format(
        low=low, high=high, first=first, end=end, models=", ".join(models)
    )


def _month(
    database: duckdb.DuckDBPyConnection, month: int, newest: int, *, until: int
) -> LoggedMonth:
    """Return one month, counted."""
    sql = window_sql.CELLS.format(month=month, bins=BINS)
    found: dict[str, Any] = {**database.execute(sql).fetchnumpy()}
    rows = found["n"].astype(np.float64)
    mean = found["value"] / rows
    label = found["label"].astype(np.float64)
    cells = Cells(
        probability=found["probability"] / rows,
        called=found["called"] == 1,
        label=np.where(label == _NOT_KNOWN, np.nan, label),
        rows=rows,
        value=mean,
        value_variance=np.maximum(found["square"] / rows - mean**2, 0.0),
    )
    year, number = divmod(month, 12)
    day = _EPOCH + dt.timedelta(days=newest // DAY_NS)
    return LoggedMonth(dt.date(year, number + 1, 1), day, cells, newest <= until)

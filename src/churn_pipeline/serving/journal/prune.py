"""Taking out of the journal what is older than it is kept, in small steps.

No step holds up those who log answers for long, whatever there is to remove: a batch
has up to 10,000 predictions, and a deleted page is overwritten (`secure_delete`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from churn_pipeline.serving.journal.database import Database

_REQUESTS, _PREDICTIONS = 5_000, 20_000
_BLOCKS, _LABELS = 50, 20_000
"""What goes at once, at most; a block of inputs takes some hundred KB."""


def prune(database: Database, before_ns: int) -> dict[str, int]:
    """Remove what is older; return how many predictions and labels went.

    Args:
        database: The open journal.
        before_ns: Requests and labels from before then go, ns since 1970.
    """
    gone = {"predictions": 0, "labels": 0}
    while requests := _oldest(database, before_ns):
        for ids in _portions(requests):
            with database.writing():
                _delete(database, "prediction", "request", ids)
                _delete(database, "request", "id", ids)
        gone["predictions"] += sum(n for _, n in requests)
    asked = "SELECT id FROM feedback WHERE received_ns < ? ORDER BY id LIMIT ?"
    gone["labels"] = _remove(database, "feedback", asked, (before_ns, _LABELS))
    # A block is as old as the newest answer that it is of.
    asked = "SELECT id FROM inputs WHERE newest_ns < ? ORDER BY newest_ns LIMIT ?"
    _remove(database, "inputs", asked, (before_ns, _BLOCKS))
    database.tidy()
    return gone


def _oldest(database: Database, before_ns: int) -> list[tuple[int, int]]:
    """Return the oldest requests, and how many predictions each has."""
    rows = database.run(
        "SELECT r.id, (SELECT count(*) FROM prediction p WHERE p.request = r.id) "
        "FROM request r WHERE r.time_ns < ? ORDER BY r.time_ns LIMIT ?",
        (before_ns, _REQUESTS),
    )
    return [(identity, n) for identity, n in rows]


def _portions(requests: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Yield ids of requests that have some thousand predictions together."""
    ids: list[int] = []
    total = 0
    for identity, n in requests:
        if ids and total + n > _PREDICTIONS:
            yield ids
            ids, total = [], 0
        ids.append(identity)
        total += n
    yield ids


def _remove(database: Database, table: str, asked: str, values: tuple[int, int]) -> int:
    """Delete the rows whose ids a query gives, until it gives none."""
    gone = 0
    while ids := [row[0] for row in database.run(asked, values)]:
        with database.writing():
            _delete(database, table, "id", ids)
        gone += len(ids)
    return gone


def _delete(database: Database, table: str, column: str, ids: Sequence[int]) -> None:
    numbers = ", ".join(map(str, ids))
    database.run(f"DELETE FROM {table} WHERE {column} IN ({numbers})")  # noqa: S608

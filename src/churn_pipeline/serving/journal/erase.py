"""Taking out of the journal one customer, or what is older than it is kept."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from churn_pipeline.serving.journal.block import erase
from churn_pipeline.serving.journal.database import Database, SQLite
from churn_pipeline.serving.journal.pseudonym import Pseudonyms

DAY_NS = 86_400 * 10**9
_FEWEST_BYTES = 6
"""Shorter names are found in any file by chance."""
_AT_ONCE = 1_000


class Elsewhere(Protocol):
    """Another place that knows customers, e.g. the online features."""

    def count(self, customer_id: str) -> int:
        """Return how many rows of a customer there are."""

    def forget(self, customer_id: str) -> None:
        """Remove them."""


@dataclass(frozen=True)
class Forgotten:
    """What erasing a customer did.

    Attributes:
        before: Rows of the customer by place, before.
        after: The same, counted again afterwards.
        traces: How often the bytes of the customer's name are in the files of the
            database, afterwards; None where that was not looked for: the name is too
            short to tell, or the database is a server's.
        alike: Other customers whose names hold that name, and so leave such bytes.
    """

    before: Mapping[str, int]
    after: Mapping[str, int]
    traces: int | None
    alike: int

    @property
    def complete(self) -> bool:
        """Whether nothing of the customer is left."""
        return not any(self.after.values()) and (not self.traces or self.alike > 0)


def forget(
    database: Database,
    pseudonyms: Pseudonyms,
    customer_id: str,
    *,
    elsewhere: Mapping[str, Elsewhere] | None = None,
) -> Forgotten:
    """Erase a customer from the journal and other places, and look what is left.

    Answers that still wait in a worker's queue are not in the journal yet: erase
    again a second after the last request about the customer.

    Args:
        database: The open journal.
        pseudonyms: Of the journal.
        customer_id: As requests name the customer.
        elsewhere: Other places by name.
    """
    name = str(pseudonyms.name(customer_id))
    others = elsewhere or {}

    def count() -> dict[str, int]:
        found = {place: other.count(customer_id) for place, other in others.items()}
        return _count(database, name) | found

    before = count()
    with database.writing():
        _erase(database, name)
    for other in others.values():
        other.forget(customer_id)
    database.tidy()
    traces = None
    if isinstance(database, SQLite) and len(name.encode()) >= _FEWEST_BYTES:
        texts = {name.encode(), customer_id.encode()}
        texts = {text for text in texts if len(text) >= _FEWEST_BYTES}
        traces = _traces(database, texts)
        if traces:  # SQLite leaves copies in pages when it moves rows between them
            database.run("VACUUM")
            database.tidy()
            traces = _traces(database, texts)
    return Forgotten(before, count(), traces, _alike(database, name))


def prune(database: Database, before_ns: int) -> dict[str, int]:
    """Remove what is older; return how many predictions and labels went.

    Some thousand requests are removed in each transaction, so that answers are logged
    meanwhile.

    Args:
        database: The open journal.
        before_ns: Requests and labels from before then go, ns since 1970.
    """
    gone = {"predictions": 0, "labels": 0}
    for first, last in _old_requests(database, before_ns):
        ends = (first, last)
        with database.writing():
            asked = "SELECT count(*) FROM prediction WHERE request BETWEEN ? AND ?"
            gone["predictions"] += database.run(asked, ends)[0][0]
            database.run("DELETE FROM prediction WHERE request BETWEEN ? AND ?", ends)
            database.run("DELETE FROM request WHERE id BETWEEN ? AND ?", ends)
    with database.writing():
        asked = "SELECT count(*) FROM feedback WHERE received_ns < ?"
        gone["labels"] = database.run(asked, (before_ns,))[0][0]
        database.run("DELETE FROM feedback WHERE received_ns < ?", (before_ns,))
        # A block is as old as the newest answer that it is of.
        database.run("DELETE FROM inputs WHERE newest_ns < ?", (before_ns,))
    database.tidy()
    return gone


def _old_requests(database: Database, before_ns: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of ids of old requests.

    Ids are given when answers are written: a worker that had to wait wrote old ones
    after new ones, and a range ends where one is not old.
    """
    while True:
        rows = database.run(
            "SELECT id FROM request WHERE time_ns < ? ORDER BY id LIMIT ?",
            (before_ns, _AT_ONCE),
        )
        if not rows:
            return
        ids = [row[0] for row in rows]
        for _, run in groupby(enumerate(ids), key=lambda pair: pair[1] - pair[0]):
            members = [identity for _, identity in run]
            yield members[0], members[-1]


def _count(database: Database, name: str) -> dict[str, int]:
    of_name = "FROM prediction WHERE customer = ?"
    asked = {
        "predictions": f"SELECT count(*) {of_name}",
        "labels": "SELECT count(*) FROM feedback WHERE customer = ?",
    }
    return {place: database.run(sql, (name,))[0][0] for place, sql in asked.items()}


def _erase(database: Database, name: str) -> None:
    """Remove a customer's labels, inputs, predictions and requests."""
    mine: list[Any] = database.run(
        "SELECT p.inputs, p.place, p.request, p.line, r.request_id FROM prediction p "
        "JOIN request r ON r.id = p.request WHERE p.customer = ? "
        "ORDER BY p.inputs, p.place",
        (name,),
    )
    database.run("DELETE FROM feedback WHERE customer = ?", (name,))
    database.run("DELETE FROM prediction WHERE customer = ?", (name,))
    for _, _, request, line, request_id in mine:
        database.run(
            "DELETE FROM feedback WHERE request_id = ? AND line = ?",
            (request_id, line),
        )
        database.run(
            "DELETE FROM request WHERE id = ? AND NOT EXISTS "
            "(SELECT 1 FROM prediction WHERE request = ?)",
            (request, request),
        )
    for block, rows in groupby(mine, key=lambda row: row[0]):
        content = database.run("SELECT content FROM inputs WHERE id = ?", (block,))
        rest = erase(bytes(content[0][0]), [row[1] for row in rows])
        database.run("UPDATE inputs SET content = ? WHERE id = ?", (rest, block))


def _alike(database: Database, name: str) -> int:
    """Return how many other customers have names that hold this one."""
    sign = "!"
    part = name.replace(sign, sign * 2).replace("%", "!%").replace("_", "!_")
    asked = (
        "SELECT count(DISTINCT customer) FROM prediction "
        "WHERE customer LIKE ? ESCAPE '!' AND customer <> ?"
    )
    return int(database.run(asked, (f"%{part}%", name))[0][0])


def _traces(database: SQLite, texts: set[bytes]) -> int:
    """Return how often texts are in the files, read by a process of its own.

    In this one, closing a file would drop the connection's locks on it.
    """
    places = [(path, text) for path in database.files() for text in texts]
    with get_context("spawn").Pool(1) as pool:
        return sum(pool.starmap(_found, places))


def _found(path: Path, text: bytes) -> int:
    """Return how often some bytes are in a file."""
    if not path.exists() or not path.stat().st_size:
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as m:
        found, at = 0, m.find(text)
        while at >= 0:
            found, at = found + 1, m.find(text, at + 1)
        return found

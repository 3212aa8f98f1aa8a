"""Taking one customer out of the journal, and proving it."""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from churn_pipeline.serving.journal.block import erase
from churn_pipeline.serving.journal.database import Database, Row, SQLite
from churn_pipeline.serving.journal.pseudonym import Pseudonyms

_FEWEST_BYTES = 6
"""Shorter names are found in any file by chance."""


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
        return _count(database, name) | _count_elsewhere(others, customer_id)

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
    alike = _alike(database, name) if traces else 0
    return Forgotten(before, count(), traces, alike)


def forget_elsewhere(customer_id: str, elsewhere: Mapping[str, Elsewhere]) -> Forgotten:
    """Erase a customer where there is no journal, and look what is left.

    Args:
        customer_id: As requests name the customer.
        elsewhere: Places by name.
    """
    before = _count_elsewhere(elsewhere, customer_id)
    for place in elsewhere.values():
        place.forget(customer_id)
    return Forgotten(before, _count_elsewhere(elsewhere, customer_id), None, alike=0)


def of_customer(database: Database, name: str) -> list[Row]:
    """Return block, place, request, line and request id of a customer's predictions.

    Ordered by block and place; looked up day by day, as the index has them.

    Args:
        database: The open journal.
        name: What the customer is called in it.
    """
    return database.run(_OF_CUSTOMER, (name,))


_OF_CUSTOMER = """
SELECT p.inputs, p.place, p.request, p.line, r.request_id FROM days
JOIN prediction p ON p.day = days.day AND p.customer = ?
JOIN request r ON r.id = p.request
ORDER BY p.inputs, p.place
"""
_LABELS = """
SELECT f.id FROM label_days d
JOIN feedback f ON f.observation_day = d.day AND f.customer = ?
"""


def _count_elsewhere(
    places: Mapping[str, Elsewhere], customer_id: str
) -> dict[str, int]:
    return {name: place.count(customer_id) for name, place in places.items()}


def _count(database: Database, name: str) -> dict[str, int]:
    mine = of_customer(database, name)
    return {"predictions": len(mine), "labels": len(_labels(database, name, mine))}


def _labels(database: Database, name: str, mine: Sequence[Row]) -> set[Row]:
    """Return the ids of a customer's labels, by name and by request."""
    by_request = "SELECT id FROM feedback WHERE request_id = ? AND line = ?"
    found = set(database.run(_LABELS, (name,)))
    for _, _, _, line, request_id in mine:
        found.update(database.run(by_request, (request_id, line)))
    return found


def _erase(database: Database, name: str) -> None:
    """Remove a customer's labels, inputs, predictions and requests."""
    mine = of_customer(database, name)
    for identity in _labels(database, name, mine):
        database.run("DELETE FROM feedback WHERE id = ?", identity)
    for _, _, request, line, _ in mine:
        database.run(
            "DELETE FROM prediction WHERE request = ? AND line = ?", (request, line)
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
    # A pool of multiprocessing would begin a child that cannot start again for ever.
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return sum(pool.map(_found, *zip(*places, strict=True)))


def _found(path: Path, text: bytes) -> int:
    """Return how often some bytes are in a file."""
    if not path.exists() or not path.stat().st_size:
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as m:
        found, at = 0, m.find(text)
        while at >= 0:
            found, at = found + 1, m.find(text, at + 1)
        return found

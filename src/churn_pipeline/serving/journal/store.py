"""Entries to rows of the journal, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.serving.journal.block import (
    Columns,
    pack_columns,
    pack_lines,
    unpack,
)
from churn_pipeline.serving.journal.database import Database, Row
from churn_pipeline.serving.journal.entry import BatchEntry, Entry
from churn_pipeline.serving.journal.pseudonym import Pseudonyms

_REQUEST = (
    *("id", "request_id", "time_ns", "endpoint", "key_hash", "microseconds"),
    "campaign",
)
_INPUTS = ("id", "token", "newest_ns", "content")
_PREDICTION = (
    *("request", "line", "customer", "probability", "threshold", "decision"),
    *("model", "inputs", "place", "day", "value", "kept_aside"),
)
DAY_NS = 86_400 * 10**9
_MODEL = ("model_version", "artifact_sha256", "variant")

_BESIDE = {
    True: "a request that a shadow answered too",
    False: "a request whose answer went out",
}
_INSTEAD = {
    True: "a shadow drops what comes under load, and answers no batches; without "
    "--shadow the answer that went out is computed again",
    False: "--shadow takes what the shadow answered",
}


@dataclass(frozen=True)
class Logged:
    """A prediction as the journal has it.

    Attributes:
        columns: Inputs of the model's call.
        row: Position of the customer in them.

    The others are those of `Entry`; `customer` is a pseudonym where those are on.
    """

    request_id: str
    line: int
    time_ns: int
    endpoint: str
    customer: str | None
    probability: float
    threshold: float
    decision: str
    model_version: str
    artifact_sha256: str
    variant: str
    columns: Columns
    row: int


class Store:
    """Reads and writes predictions of an open journal."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms) -> None:
        """Take a journal that is open, and what customers are called in it."""
        self.database = database
        self.pseudonyms = pseudonyms
        self._models: dict[tuple[str, str, str], int] = {}

    def has(self, token: str) -> bool:
        """Return whether what was written under a token is there."""
        asked = "SELECT 1 FROM inputs WHERE token = ?"
        return bool(self.database.run(asked, (token,)))

    def write(self, entries: Sequence[Entry | BatchEntry], token: str) -> int:
        """Write entries in one transaction, all of them or none.

        Args:
            entries: What was answered.
            token: A name of this write, which no other has.

        Returns:
            The predictions written.
        """
        single = [entry for entry in entries if isinstance(entry, Entry)]
        batches = [entry for entry in entries if isinstance(entry, BatchEntry)]
        # The dear part first: others wait for the transaction.
        blocks = [pack_lines([e.inputs for e in single])] if single else []
        blocks += [pack_columns(batch.columns) for batch in batches]
        names = [self.pseudonyms.name(entry.customer_id) for entry in single]
        named = [list(map(self.pseudonyms.name, b.customer_ids)) for b in batches]
        try:
            with self.database.writing():
                block = self._write_blocks(blocks, single, batches, token)
                request = self._next("request")
                self._write_requests([*single, *batches], request)
                if single:
                    self._write_single(single, names, request, block)
                    block += 1
                request += len(single)
                for at, (batch, known) in enumerate(zip(batches, named, strict=True)):
                    self._write_batch(batch, known, request + at, block + at)
        except BaseException:
            self._models.clear()  # their rows are gone with the transaction
            raise
        return len(single) + sum(map(len, batches))

    def find(self, request_id: str, line: int = 0, *, shadow: bool = False) -> Logged:
        """Return a logged prediction; of several of one request the newest.

        Args:
            request_id: Of the request.
            line: Position of the customer in it, from 0.
            shadow: Whether what the shadow answered beside is meant.

        Raises:
            LookupError: The journal has none of this request.
        """
        rows = self.database.run(
            "SELECT r.request_id, p.line, r.time_ns, r.endpoint, p.customer, "
            "p.probability, p.threshold, p.decision, m.model_version, "
            "m.artifact_sha256, m.variant, i.content, p.place FROM request r "
            "JOIN prediction p ON p.request = r.id JOIN model m ON m.id = p.model "
            "JOIN inputs i ON i.id = p.inputs WHERE r.request_id = ? AND p.line = ? "
            "AND (m.variant = 'shadow') = ? ORDER BY r.id DESC LIMIT 1",
            (request_id, line, shadow),
        )
        if not rows:
            raise LookupError(self._why_none(request_id, line, shadow=shadow))
        *fields, block, place = rows[0]
        columns, row = unpack(bytes(block), place)
        return Logged(*fields, columns=columns, row=row)  # type: ignore[misc]

    def count(self) -> int:
        """Return how many predictions there are."""
        return int(self.database.run("SELECT count(*) FROM prediction")[0][0])

    def of_version(self, version: str) -> int:
        """Return how many predictions a version of the model has answered."""
        asked = (
            "SELECT count(*) FROM prediction p JOIN model m ON m.id = p.model "
            "WHERE m.model_version = ?"
        )
        return int(self.database.run(asked, (version,))[0][0])

    def _why_none(self, request_id: str, line: int, *, shadow: bool) -> str:
        asked = (
            "SELECT m.variant = 'shadow', min(p.line), max(p.line) FROM request r "
            "JOIN prediction p ON p.request = r.id JOIN model m ON m.id = p.model "
            "WHERE r.request_id = ? GROUP BY 1"
        )
        found = {
            bool(row[0]): row[1:] for row in self.database.run(asked, (request_id,))
        }
        if shadow in found:
            first, last = found[shadow]
            if first <= line <= last:
                return f"expected a row that is in the log, got {line}: it was erased"
            return (
                f"expected a row of the request from {first} to {last}, got {line}; "
                "rows beyond these were erased, or never asked for"
            )
        if found:
            return (
                f"expected {_BESIDE[shadow]}, got {request_id[:80]!r}, which has none "
                f"in the log; {_INSTEAD[shadow]}"
            )
        return (
            f"expected the id of a logged request, got {request_id[:80]!r}; it was "
            "never answered, is not a second old, was erased, or is older than what "
            "is kept"
        )

    def _next(self, table: str) -> int:
        asked = f"SELECT coalesce(max(id), 0) + 1 FROM {table}"  # noqa: S608
        return int(self.database.run(asked)[0][0])

    def _write_blocks(
        self,
        blocks: Sequence[bytes],
        single: Sequence[Entry],
        batches: Sequence[BatchEntry],
        token: str,
    ) -> int:
        """Write the inputs; return the id of the first block."""
        first = self._next("inputs")
        newest = [max(entry.time_ns for entry in single)] if single else []
        newest += [batch.time_ns for batch in batches]
        rows = [
            (first + i, f"{token}/{i}" if i else token, time_ns, content)
            for i, (time_ns, content) in enumerate(zip(newest, blocks, strict=True))
        ]
        self.database.insert("inputs", _INPUTS, rows)
        return first

    def _write_requests(
        self, entries: Sequence[Entry | BatchEntry], first: int
    ) -> None:
        rows = [
            (
                *(i, e.request_id, e.time_ns, e.endpoint, e.key_hash, e.microseconds),
                e.campaign,
            )
            for i, e in enumerate(entries, start=first)
        ]
        self.database.insert("request", _REQUEST, rows)

    def _write_single(
        self,
        entries: Sequence[Entry],
        names: Sequence[str | None],
        request: int,
        block: int,
    ) -> None:
        rows: list[Row] = [
            (
                *(request + at, 0, name, e.probability, e.threshold, e.decision),
                *(self._model(e), block, at, e.time_ns // DAY_NS, e.value),
                int(e.kept_aside),
            )
            for at, (e, name) in enumerate(zip(entries, names, strict=True))
        ]
        self.database.insert("prediction", _PREDICTION, rows)

    def _write_batch(
        self, batch: BatchEntry, names: Sequence[str | None], request: int, block: int
    ) -> None:
        model, n = self._model(batch), len(batch)
        columns: tuple[Any, ...] = (
            repeat(request, n),
            range(n) if batch.lines is None else batch.lines,
            names,
            batch.probability.tolist(),
            batch.threshold.tolist(),
            batch.decision,
            repeat(model, n),
            repeat(block, n),
            range(n),
            repeat(batch.time_ns // DAY_NS, n),
            repeat(None, n) if batch.value is None else _known(batch.value),
            repeat(0, n) if batch.kept_aside is None else map(int, batch.kept_aside),
        )
        self.database.insert(
            "prediction", _PREDICTION, list(zip(*columns, strict=True))
        )

    def _model(self, entry: Entry | BatchEntry) -> int:
        """Return the id of what answered, known from its first answer on."""
        key = (entry.model_version, entry.artifact_sha256, entry.variant)
        if key not in self._models:
            asked = (
                "SELECT id FROM model WHERE model_version = ? "
                "AND artifact_sha256 = ? AND variant = ?"
            )
            found = self.database.run(asked, key)
            if not found:
                found = [(self._next("model"),)]
                self.database.insert("model", ("id", *_MODEL), [(*found[0], *key)])
            self._models[key] = found[0][0]
        return self._models[key]


def _known(values: NDArray[np.float64]) -> list[float | None]:
    """Return numbers, None of what is not known."""
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124

"""The journal's writer: answers go into a queue, and one thread writes them."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from churn_pipeline.serving.journal.database import (
    WRITING_SECONDS,
    connect,
    is_passing,
)
from churn_pipeline.serving.journal.entry import BatchEntry, Entry
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store

logger = logging.getLogger(__name__)

EVERY_SECONDS = 0.1
"""What is gathered so long is written at once."""
MAX_QUEUED = 100_000
"""Predictions that wait at most; with 20 features some 90 MB."""
MAX_QUEUED_BYTES = 128 * 2**20
"""Memory of what waits at most: a request's body may be of 256 KiB."""
MOST_AT_ONCE, MOST_BYTES_AT_ONCE = 20_000, 16 * 2**20
"""Predictions, and memory of what is written, in one transaction."""
RETRY_SECONDS = (0.2, 0.4, 0.8, 1.0)
CLOSE_SECONDS = 10.0

Queued = Entry | BatchEntry


@dataclass
class Counts:
    """What became of answers, in predictions, since the process started.

    Attributes:
        added: Handed over.
        written: In the database, committed.
        dropped: Not taken, for the queue was full.
        lost: Taken and not written: the database refused the rows themselves, or was
            gone until the process ended.
        failures: Times that the database failed; each try counts.
    """

    added: int = 0
    written: int = 0
    dropped: int = 0
    lost: int = 0
    failures: int = 0

    @property
    def waiting(self) -> int:
        """Predictions in the queue or being written."""
        return self.added - self.dropped - self.written - self.lost


class Journal:
    """Logs answers off the path of requests.

    A database that is locked, full or gone stops nothing: the thread tries again
    until it is back, answers wait in the queue, and those for which it has no room
    are dropped and counted.

    Attributes:
        counts: What became of the answers.
    """

    def __init__(
        self,
        url: str,
        pseudonyms: Pseudonyms | None = None,
        *,
        max_queued: int = MAX_QUEUED,
    ) -> None:
        """Open the journal and start its thread.

        Args:
            url: Of the journal, as `journal_url` gives it.
            pseudonyms: What customers are called in it; None: by their ids.
            max_queued: Predictions that wait at most; in any case no more than
                `MAX_QUEUED_BYTES` of them.

        Raises:
            JournalError: The URL or the journal is not what it should be.
            Exception: The database's own, where it cannot be opened: a service does
                not start without its log.
        """
        self.counts = Counts()
        self._url, self._max_queued = url, max_queued
        self._pseudonyms = pseudonyms or Pseudonyms()
        self._store: Store | None = self._connected()
        self._queue: deque[Queued] = deque()
        self._n_bytes = 0  # of what waits or is being written
        self._lock = threading.Lock()
        self._wake, self._ended = threading.Event(), threading.Event()
        self._idle = threading.Condition(self._lock)
        self._failing = self._overflowing = False
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def add(self, entries: Sequence[Entry]) -> None:
        """Log answers to single customers; never waits, never raises."""
        self._put(entries, len(entries))

    def add_batch(self, batch: BatchEntry) -> None:
        """Log the answers of a batch; never waits, never raises."""
        self._put((batch,), len(batch))

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until half the queue is free; return whether it is.

        For threads that answer batches, which come faster than they can be written:
        never on the event loop. A database that fails is not waited for.
        """

        def free() -> bool:
            """Return whether it is."""
            few = self.counts.waiting <= self._max_queued // 2
            return few and self._n_bytes <= MAX_QUEUED_BYTES // 2

        with self._idle:
            self._idle.wait_for(lambda: self._failing or free(), timeout_s)
            return free()

    def flush(self, timeout_s: float = CLOSE_SECONDS) -> bool:
        """Wait until what was added is written; return whether it is."""
        with self._idle:
            return self._idle.wait_for(lambda: not self.counts.waiting, timeout_s)

    def close(self, timeout_s: float = CLOSE_SECONDS) -> None:
        """Write what waits, then end the thread; what cannot be written is lost."""
        self.flush(timeout_s)
        self._ended.set()
        self._wake.set()
        self._thread.join(timeout_s)

    def _put(self, entries: Sequence[Queued], rows: int) -> None:
        counts = self.counts
        n_bytes = sum([entry.n_bytes() for entry in entries])
        with self._lock:
            counts.added += rows
            much = self._n_bytes and self._n_bytes + n_bytes > MAX_QUEUED_BYTES
            if counts.waiting > self._max_queued or much:
                counts.dropped += rows
                full = not self._overflowing
                self._overflowing = True
            else:
                self._queue.extend(entries)
                self._n_bytes += n_bytes
                full = False
        if full:
            logger.error(
                "the journal's queue of %d predictions or %d MiB is full: answers go "
                "out unlogged, and are counted",
                self._max_queued,
                MAX_QUEUED_BYTES >> 20,
            )
        if not self._wake.is_set():
            self._wake.set()

    def _work(self) -> None:
        """Write until the end; a failing database is tried again, ever more seldom."""
        pause = EVERY_SECONDS
        while self._wake.wait() and not self._ended.wait(pause):
            self._wake.clear()
            batch = self._take()
            token, tries = uuid.uuid4().hex, 0
            while batch and not self._ended.is_set():
                tries += 1
                if self._write(batch, token, again=tries > 1):
                    break
                self._ended.wait(RETRY_SECONDS[min(tries, len(RETRY_SECONDS)) - 1])
            if self._queue:
                self._wake.set()
            # Full batches wait behind this one: no time to gather more.
            full = (
                len(self._queue) >= MOST_AT_ONCE or self._n_bytes > MOST_BYTES_AT_ONCE
            )
            pause = 0.0 if full else EVERY_SECONDS
        self._give_up()

    def _give_up(self) -> None:
        """Count what can no longer be written, and close the database."""
        with self._idle:
            gone = self.counts.waiting
            self.counts.lost += gone
            self._queue.clear()
            self._idle.notify_all()
        if gone:
            logger.error("%d predictions were not logged: no database", gone)
        if self._store is not None:
            self._store.database.close()

    def _take(self) -> list[Queued]:
        """Return what to write next."""
        taken: list[Queued] = []
        rows = n_bytes = 0
        while self._queue and rows < MOST_AT_ONCE and n_bytes < MOST_BYTES_AT_ONCE:
            entry = self._queue.popleft()
            taken.append(entry)
            rows += _rows([entry])
            n_bytes += entry.n_bytes()
        return taken

    def _write(self, batch: list[Queued], token: str, *, again: bool) -> bool:
        """Write entries; return False where it has to be tried again."""
        try:
            store = self._store = self._current()
            # A commit whose answer was lost did happen.
            if not (again and store.has(token)):
                store.write(batch, token)
        except Exception as error:
            self._failed(error)
            if is_passing(error):
                return False
            self._refused(batch, error)
            return True
        self._done(batch, written=_rows(batch))
        return True

    def _current(self) -> Store:
        """Return the store; a new one where the database went away."""
        if self._store is not None and not self._store.database.is_current():
            self._store.database.close()
            self._store = None
        return self._store or self._connected()

    def _connected(self) -> Store:
        fingerprint = self._pseudonyms.fingerprint
        return Store(
            connect(self._url, pseudonyms=fingerprint, statement_s=WRITING_SECONDS),
            self._pseudonyms,
        )

    def _failed(self, error: Exception) -> None:
        """Count a failure, tell its first one, and take a fresh connection next."""
        if not self._failing:
            logger.error("the journal cannot be written, and is tried again: %s", error)
        with self._idle:
            self.counts.failures += 1
            self._failing = True
            self._idle.notify_all()
        if self._store is not None:
            try:
                self._store.database.close()
            except Exception as closing:
                logger.debug("closing the journal failed: %s", closing)
            self._store = None

    def _refused(self, batch: list[Queued], error: Exception) -> None:
        """Write the halves of what was refused, down to the entry that is at fault."""
        if len(batch) == 1:
            logger.error("request %s was not logged: %s", batch[0].request_id, error)
            self._done(batch, lost=_rows(batch))
            return
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            token = uuid.uuid4().hex
            while not self._write(half, token, again=True):
                if self._ended.wait(EVERY_SECONDS):
                    return

    def _done(
        self, batch: Sequence[Queued], *, written: int = 0, lost: int = 0
    ) -> None:
        n_bytes = sum(entry.n_bytes() for entry in batch)
        with self._idle:
            self._n_bytes -= n_bytes
            self.counts.written += written
            self.counts.lost += lost
            if written and self._failing:
                logger.warning("the journal is written again")
                self._failing = False
            if written:
                self._overflowing = False
            self._idle.notify_all()


def _rows(entries: Sequence[Queued]) -> int:
    return sum(len(e) if isinstance(e, BatchEntry) else 1 for e in entries)

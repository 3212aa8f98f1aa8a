"""A second model that answers beside, unseen: never in the way, the first to go."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
LOG = logging.getLogger(__name__)
SIZE = 1_000


class Shadow(Generic[T]):
    """Works off what is offered, in a thread of its own.

    Attributes:
        done: How many were worked off.
        dropped: How many were not taken, since the queue was full or others waited.
        failed: How many raised; the first of them is in the log.
    """

    def __init__(
        self,
        work: Callable[[T], None],
        *,
        busy: Callable[[], bool] = lambda: False,
        size: int = SIZE,
    ) -> None:
        """Start it.

        Args:
            work: Answers one request and writes it to the journal as `shadow`.
            busy: Whether real requests wait; then nothing is taken.
            size: How many may wait.
        """
        self.done = self.dropped = self.failed = 0
        self._work, self._busy = work, busy
        self._waiting: queue.Queue[T | None] = queue.Queue(size)
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def offer(self, request: T) -> bool:
        """Take a request, or drop and count it; never waits, never raises."""
        if self._busy():
            self.dropped += 1
            return False
        try:
            self._waiting.put_nowait(request)
        except queue.Full:
            self.dropped += 1
            return False
        return True

    def close(self) -> None:
        """Work off what waits, and end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (request := self._waiting.get()) is not None:
            try:
                self._work(request)
                self.done += 1
            except Exception:
                # Whatever a model on trial raises, nobody has asked it anything.
                if not self.failed:
                    LOG.exception("the shadow failed; later failures are counted")
                self.failed += 1

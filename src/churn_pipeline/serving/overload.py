"""How much is taken on at once; what is more is sent away at once, not kept waiting."""

from __future__ import annotations

import asyncio

from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.refusal import Problem, Refusal

MOST_AT_ONCE = 256
"""Requests that arrive while one round of the event loop is worked off: at 0.1 ms each
the last of them waits 25 ms."""
FEW_AT_ONCE = 8
"""Requests in one round up to which a shadow may answer beside."""
MOST_BATCHES = 4
"""Batches and explanations in work or waiting for the thread that does them."""
MOST_LABELS = 4
"""Bodies of labels in work or waiting for the thread that writes them."""
RETRY_SECONDS = 1


class Gate:
    """Counts what is in work, and refuses what is too much."""

    def __init__(self, metrics: Metrics) -> None:
        """Begin with nothing in work."""
        self._metrics = metrics
        self._round = self._begun = 0
        self.batches = self.labels = 0

    def enter(self) -> None:
        """Take on a request.

        Those that are ready in the same round of the event loop wait for each other,
        so their number says how long the last of them would wait.

        Raises:
            Refusal: There are too many.
        """
        if not self._round:
            asyncio.get_running_loop().call_soon(self._next_round)
        self._round += 1
        if self._round > MOST_AT_ONCE:
            raise self._full(f"at most {MOST_AT_ONCE} requests at once")

    def begin(self) -> Refusal | None:
        """Count a request whose head has come; return why it is not taken on, if so.

        It is what `enter` says once the round has come, said before: to make the tasks
        of those who are sent away costs more than all who stay.
        """
        if not self._begun:
            asyncio.get_running_loop().call_soon(self._next_begun)
        self._begun += 1
        if self._begun <= MOST_AT_ONCE:
            return None
        self._metrics.add("churn_refused_overload_total")
        return _FULL

    def enter_batch(self) -> None:
        """Take on work for the thread; `leave_batch` says that it is done.

        Raises:
            Refusal: There is too much.
        """
        if self.batches >= MOST_BATCHES:
            raise self._full(f"at most {MOST_BATCHES} batches in work")
        self.batches += 1

    @property
    def busy(self) -> bool:
        """Whether requests wait for each other, or for the thread."""
        return self._round > FEW_AT_ONCE or self.batches > 0

    def leave_batch(self) -> None:
        """Say that work of the thread is done."""
        self.batches -= 1

    def enter_labels(self) -> None:
        """Take on labels; `leave_labels` says that they are written.

        Raises:
            Refusal: There are too many: a database that hangs keeps them waiting.
        """
        if self.labels >= MOST_LABELS:
            raise self._full(f"at most {MOST_LABELS} bodies of labels in work")
        self.labels += 1

    def leave_labels(self) -> None:
        """Say that labels are written, or never will be."""
        self.labels -= 1

    def _next_round(self) -> None:
        self._round = 0

    def _next_begun(self) -> None:
        self._begun = 0

    def _full(self, expected: str) -> Refusal:
        self._metrics.add("churn_refused_overload_total")
        return _overloaded(expected)


def _overloaded(expected: str) -> Refusal:
    problem = Problem(code="overloaded", expected=expected, received="one more")
    return Refusal(503, [problem], retry_after=RETRY_SECONDS)


_FULL = _overloaded(f"at most {MOST_AT_ONCE} requests at once")

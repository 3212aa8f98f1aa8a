"""How much is taken on at once; what is more is sent away at once, not kept waiting.

Requests wait where nobody counts them: in the buffers of their sockets, while the event
loop works off those that were ready before. Each round of the loop finds all that have
come since the last one began, so that a round that is twice as long makes everybody
wait twice as long. What bounds the wait is thus the time that a round takes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.refusal import Problem, Refusal

ALWAYS = 64
"""Requests of a round of the event loop that are taken on however long they take."""
ROUND_SECONDS = 0.025
"""How long a round may take in requests on for, where none was sent away lately."""
LATELY_SECONDS = 0.1
"""How long after a request was sent away a round takes on no more than `ALWAYS`: one
burst may wait, a queue that never ends may not."""
SHARE = 1 / 3
"""Part of the time that goes into sending away at most."""
MOST_SECONDS = 1.0
"""How long a connection is not read at most: as long as Retry-After asks to wait."""
FIRST_COST_SECONDS, COSTS_KNOWN = 20e-6, 256
"""What it takes to send one away before it is known, and the mean of how many is."""
FEW_AT_ONCE = 8
"""Requests in one round up to which a shadow may answer beside."""
MOST_BATCHES = 4
"""Batches and explanations in work or waiting for the thread that does them."""
MOST_LABELS = 4
"""Bodies of labels in work or waiting for the thread that writes them."""
RETRY_SECONDS = 1


class Pace:
    """How long connections are not read, so that sending away leaves time for answers.

    To send one away costs a tenth to a third of an answer: of ten times the load nine
    parts would leave no time for the tenth. Connections that are not read cost
    nothing. So who was sent away is not read for a while, the longer the more there
    are of them, and what came when there was no time left is read once those before it
    were sent away; both at a pace that takes `SHARE` of the time, however many ask.

    Attributes:
        deaf: Connections that were sent away and are not read yet.
        waiting: Those whose request was put off.
    """

    def __init__(self) -> None:
        """Begin with nobody sent away."""
        self.deaf = self.waiting = 0
        self._cost = FIRST_COST_SECONDS

    def send_away(self, took: float) -> float:
        """Count one that was sent away; return for how long it is not read, seconds.

        Args:
            took: How long it took, seconds.
        """
        self.deaf += 1
        self._cost += (took - self._cost) / COSTS_KNOWN
        return min(self.deaf * self._cost / SHARE, MOST_SECONDS)

    def put_off(self) -> float:
        """Count one whose request is put off; return for how long, seconds."""
        self.waiting += 1
        return min(self.waiting * self._cost / SHARE, MOST_SECONDS)


class Rounds:
    """Says who is taken on in each round of the event loop."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Begin with a round that nobody has come to.

        Args:
            clock: Gives the time, seconds.
        """
        self._clock = clock
        self._began = self._full_until = 0.0
        self.taken = 0

    def take(self, *, old: bool = False) -> bool:
        """Return whether one more is taken on in the round that goes on.

        Args:
            old: It was put off, and has waited for longer than others are to.
        """
        if old:
            return False
        if not self.taken:
            self._began = self._clock()
            asyncio.get_running_loop().call_soon(self._end)
        elif self.taken >= ALWAYS:
            now = self._clock()
            if now < self._full_until or now - self._began > ROUND_SECONDS:
                self._full_until = now + LATELY_SECONDS
                return False
        self.taken += 1
        return True

    def is_late(self) -> bool:
        """Return whether the round has no time left, not even to send away."""
        if self.taken < ALWAYS:
            return False
        now = self._clock()
        if now - self._began <= ROUND_SECONDS:
            return False
        self._full_until = now + LATELY_SECONDS
        return True

    def _end(self) -> None:
        self.taken = 0


class Gate:
    """Counts what is in work, and refuses what is too much."""

    def __init__(self, metrics: Metrics) -> None:
        """Begin with nothing in work."""
        self._metrics = metrics
        self.heads, self.requests = Rounds(), Rounds()
        self.batches = self.labels = 0

    def enter(self) -> None:
        """Take on a request.

        Raises:
            Refusal: Others of the same round of the event loop take too long.
        """
        if not self.requests.take():
            raise self._full(_WHAT_IS_TAKEN_ON)

    def begin(self, *, old: bool = False) -> Refusal | None:
        """Count a request whose head has come; return why it is not taken on, if so.

        It is what `enter` says once the round has come, said before: to make the tasks
        of those who are sent away costs more than all who stay.

        Args:
            old: As `Rounds.take` has it.
        """
        if self.heads.take(old=old):
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
        return self.requests.taken > FEW_AT_ONCE or self.batches > 0

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

    def _full(self, expected: str) -> Refusal:
        self._metrics.add("churn_refused_overload_total")
        return _overloaded(expected)


def _overloaded(expected: str) -> Refusal:
    problem = Problem(code="overloaded", expected=expected, received="one more")
    return Refusal(503, [problem], retry_after=RETRY_SECONDS)


_WHAT_IS_TAKEN_ON = "no more requests at once than are answered in a moment"
_FULL = _overloaded(_WHAT_IS_TAKEN_ON)

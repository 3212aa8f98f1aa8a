"""The results on matured labels, counted in a thread of their own: in nobody's way."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

from churn_pipeline.serving.rollout.results import Experiment
from churn_pipeline.serving.rollout.spec import RolloutState

LOG = logging.getLogger(__name__)
EVERY = dt.timedelta(hours=1)
"""Labels come by the day; counting them reads the whole journal."""


class Counting:
    """Counts results, one count at a time, however many ask."""

    def __init__(self, count: Callable[[RolloutState], Experiment]) -> None:
        """Name what counts; nothing is counted yet."""
        self._count = count
        self._lock = threading.Lock()
        self._running: tuple[int, Future[Experiment]] | None = None

    def begin(self, state: RolloutState) -> Future[Experiment]:
        """Begin to count; return what will hold the results.

        Who asks while the same state is counted gets the same results. Two states are
        counted one after the other.
        """
        with self._lock:
            before = self._running[1] if self._running else None
            if before is not None and not before.done():
                if self._running and self._running[0] == state.version:
                    return before
            else:
                before = None
            future: Future[Experiment] = Future()
            future.set_running_or_notify_cancel()  # who asks and leaves, cancels none
            self._running = state.version, future
        # A daemon: a service that ends does not wait for a count.
        arguments = (future, state, before)
        threading.Thread(
            target=self._work, args=arguments, name="results", daemon=True
        ).start()
        return future

    def _work(
        self,
        future: Future[Experiment],
        state: RolloutState,
        before: Future[Experiment] | None,
    ) -> None:
        if before is not None:
            before.exception()  # waits
        try:
            future.set_result(self._count(state))
        except Exception as error:
            future.set_exception(error)


class Hourly:
    """Gives a canary its results: begun once an hour, looked at when they are there."""

    def __init__(self, counting: Counting) -> None:
        """Name what counts; nothing is counted yet."""
        self._counting = counting
        self._looked = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._begun: tuple[int, Future[Experiment]] | None = None

    def __call__(self, state: RolloutState, now: dt.datetime) -> Experiment | None:
        """Return the results once they are there; None before, or where unreadable.

        Never waits: the guard of errors, the keys and the rollout are looked at in
        the same thread once a second.
        """
        if state.canary is None:
            return None
        if self._begun is None and now - self._looked >= EVERY:
            self._looked = now
            self._begun = state.version, self._counting.begin(state)
        if self._begun is None or not self._begun[1].done():
            return None
        (version, future), self._begun = self._begun, None
        if error := future.exception():
            # A journal that cannot be read stops no answer, and no guard either.
            LOG.error(
                "the results on matured labels could not be counted", exc_info=error
            )
            return None
        return future.result() if version == state.version else None

"""Limits that hold for all processes together, by counts that Redis keeps.

No request waits for Redis: a thread tells it every tenth of a second what this process
has counted, and hears what all have. So a limit may be overrun by what others let pass
in that time, and a Redis that is gone or hangs costs nothing but that each process then
limits by what it counts itself. That is chosen over refusing everybody: a limit guards
against a client's loop, keys guard the data, and a counter that is down is no reason to
be down with it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from churn_pipeline.masking import mask
from churn_pipeline.serving.access.counts import Count, RateLimits

logger = logging.getLogger(__name__)

STORE = "CHURN_RATE_STORE"
MEMORY = "memory://"
_REDIS = ("redis://", "rediss://", "redis+unix://")
_EVERY_SECONDS = 0.1
_GIVE_UP_SECONDS = 0.5


class SharedCounts:
    """Keeps the counts of limits and those in Redis together.

    Attributes:
        problem: Why Redis was not reached the last time; None where it was.
    """

    def __init__(
        self, url: str, limits: RateLimits, clock: Callable[[], float] = time.time
    ) -> None:
        """Name the store; it is asked by `sync` and by the thread that `start` starts.

        Args:
            url: As `redis://:password@host:6379/0`.
            limits: Whose counts.
            clock: Seconds since 1970.

        Raises:
            ValueError: The URL is none of Redis.
        """
        from limits.errors import ConfigurationError
        from limits.storage import RedisStorage

        if not url.startswith(_REDIS):
            raise ValueError(_no_store(url))
        try:
            self._store = RedisStorage(
                url,
                key_prefix="churn",
                wrap_exceptions=True,
                socket_timeout=_GIVE_UP_SECONDS,
                socket_connect_timeout=_GIVE_UP_SECONDS,
            )
        except ConfigurationError:
            raise ValueError(
                f"expected the package `redis`, which {STORE} needs, found none; run "
                "`pip install -c requirements.lock -e '.[redis]'`"
            ) from None
        except ValueError as error:
            raise ValueError(f"{_no_store(url)} ({error})") from None
        self._limits, self._clock = limits, clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limits", daemon=True)
        self.problem: str | None = None

    def start(self) -> None:
        """Begin to tell and ask Redis, ten times a second."""
        self._thread.start()

    def close(self) -> None:
        """End that."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def sync(self) -> None:
        """Tell Redis what was counted since the last time, and hear what all have."""
        from limits.errors import StorageError

        try:
            for (key_hash, seconds), count in list(self._limits.counts.items()):
                self._sync(f"{key_hash}/{seconds}", seconds, count)
        except StorageError as error:
            self._tell(str(mask(str(error.storage_error))))
            return
        if self.problem is not None:
            logger.warning("the counts of all processes limit again")
        self.problem = None

    def _sync(self, name: str, seconds: int, count: Count) -> None:
        own, (before, sent) = count.own, count.shared
        over = count.window != int(self._clock() / seconds)
        if own == sent or over:  # what a key that asks nothing used does not matter
            return
        name = f"{name}/{count.window}"
        total = self._store.incr(name, 2 * seconds, own - sent)
        # A Redis that was started again has forgotten what it told.
        count.shared = (max(total, before + own - sent), own)

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_SECONDS):
            self.sync()

    def _tell(self, problem: str) -> None:
        if self.problem is None:
            logger.error(
                "expected the Redis of %s, got: %s; each process limits by itself",
                STORE,
                problem,
            )
        self.problem = problem


def shared_counts(
    environment: Mapping[str, str], limits: RateLimits
) -> SharedCounts | None:
    """Return the counts that `CHURN_RATE_STORE` names; None where each process counts.

    Raises:
        ValueError: It names no store that there is.
    """
    url = environment.get(STORE) or MEMORY
    return None if url == MEMORY else SharedCounts(url, limits)


def _no_store(url: str) -> str:
    kinds = ", ".join((MEMORY, *_REDIS))
    scheme, found, _ = url.partition("://")  # the rest may hold a password
    received = f"{scheme[:20]}://…" if found else "something without ://"
    return f"expected {STORE} to begin with one of {kinds}, got {received}"

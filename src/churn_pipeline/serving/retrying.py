"""What failed is tried again ever more seldom, and at once where it has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

FIRST_SECONDS, MOST_SECONDS = 2.0, 60.0


class Retrying:
    """When to try again what failed.

    Each thing has a key that changes with it. What is asked about no more is to be
    forgotten (`keep`), or the keys would gather.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing that failed.

        Args:
            clock: Gives the time, seconds.
        """
        self._clock = clock
        self._failed: dict[Hashable, tuple[float, float, Exception]] = {}

    def failure(self, key: Hashable) -> Exception | None:
        """Return why something is not tried yet; None: it may be tried now.

        Args:
            key: What would be tried, in the state in which it is.
        """
        due, _, error = self._failed.get(key, (0.0, 0.0, None))
        return error if self._clock() < due else None

    def failed(self, key: Hashable, error: Exception) -> None:
        """Say that something failed, which doubles the time until the next try."""
        _, waited, _ = self._failed.get(key, (0.0, FIRST_SECONDS / 2, error))
        wait = min(2 * waited, MOST_SECONDS)
        self._failed[key] = (self._clock() + wait, wait, error)

    def keep(self, *keys: Hashable) -> None:
        """Forget all failures but those of these keys."""
        for key in self._failed.keys() - set(keys):
            del self._failed[key]

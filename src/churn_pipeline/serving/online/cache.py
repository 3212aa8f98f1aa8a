"""What was read lately: bounded, and no older than stated."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Cache(Generic[Kept]):
    """Keeps the values used last, each for so long.

    Examples:
        >>> cache = Cache[int](size=2, seconds=60)
        >>> for name in ("a", "b", "c"):
        ...     cache.put(name, 1)
        >>> cache.get("a"), cache.get("c"), len(cache)
        (None, 1, 2)
    """

    def __init__(
        self, size: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Make an empty one.

        Args:
            size: Most values kept; 0 keeps none.
            seconds: How long a value is kept.
            clock: Seconds since any moment.
        """
        self._size, self._seconds, self._clock = size, seconds, clock
        self._kept: OrderedDict[str, tuple[float, Kept]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many values are kept."""
        return len(self._kept)

    def get(self, key: str) -> Kept | None:
        """Return a value; None where it is not kept, or no longer."""
        found = self._kept.get(key)
        if found is None:
            return None
        until, value = found
        if self._clock() >= until:
            self._kept.pop(key, None)
            return None
        try:
            self._kept.move_to_end(key)
        except KeyError:  # another thread has just dropped it
            pass
        return value

    def put(self, key: str, value: Kept) -> None:
        """Keep a value, in place of the one that was used least lately."""
        self._kept[key] = (self._clock() + self._seconds, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()

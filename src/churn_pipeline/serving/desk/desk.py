"""Does what the page asks for in a thread of its own, in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from churn_pipeline.serving.desk.places import Places
from churn_pipeline.serving.refusal import Problem, Refusal

T = TypeVar("T")
MOST = 8
"""Questions in work or waiting."""


class Desk:
    """The page's part of the service.

    Attributes:
        places: Where it looks.
    """

    def __init__(self, places: Places) -> None:
        """Name the places; nothing is read yet."""
        self.places = places
        self._thread = ThreadPoolExecutor(1, "desk")
        self._waiting = 0

    async def look_up(self, work: Callable[[], T]) -> T:
        """Return what a function finds, in the thread.

        Raises:
            Refusal: 503: too many wait already.
        """
        if self._waiting >= MOST:
            expected = f"at most {MOST} questions of pages at once"
            problem = Problem(code="overloaded", expected=expected, received="one more")
            raise Refusal(503, [problem], retry_after=1)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the thread; what has not begun is left."""
        self._thread.shutdown(wait=False, cancel_futures=True)

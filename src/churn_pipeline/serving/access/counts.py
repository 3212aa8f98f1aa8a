"""How often each key has asked, and the refusal of one that asks too often.

A window slides over whole ones: what a key used in the one before counts by the share
of it that the last `seconds` still cover. So two numbers a key are enough, and nobody
gets twice the limit by asking just before and just after a window begins.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from churn_pipeline.serving.access.rates import DEFAULT
from churn_pipeline.serving.access.roles import Caller, Rate
from churn_pipeline.serving.refusal import Problem, Refusal

_ROUNDING = 1e-3
"""In requests: a time since 1970 has seven decimals, so that shares are inexact."""


class Count:
    """What a key has used of one window.

    Attributes:
        window: Number of the window since 1970.
        before: What was used in the window before.
        own: What this process counted; only ever rises.
        shared: What all processes together had counted when last asked, and how much
            of `own` was in it; one tuple, since another thread replaces it.
    """

    __slots__ = ("before", "own", "shared", "window")

    def __init__(self, window: int, before: int) -> None:
        """Begin a window."""
        self.window, self.before = window, before
        self.own = 0
        self.shared = (0, 0)

    @property
    def used(self) -> int:
        """How much is used, as far as this process knows."""
        total, sent = self.shared
        return total + self.own - sent


class RateLimits:
    """The limits of all keys.

    Attributes:
        counts: Hash of a key and seconds of its limit -> what it has used.
    """

    def __init__(
        self, default: Rate = DEFAULT, clock: Callable[[], float] = time.time
    ) -> None:
        """Begin with nothing used.

        Args:
            default: Limit of a key that has none of its own.
            clock: Seconds since 1970: windows are the same on all machines.
        """
        self._default, self._clock = default, clock
        self.counts: dict[tuple[str, int], Count] = {}

    def hit(self, caller: Caller, cost: int = 1) -> None:
        """Count a request.

        Args:
            caller: Who asks.
            cost: As how many requests it counts.

        Raises:
            Refusal: 429: the key has used up its limit; nothing is counted.
        """
        rate = caller.rate or self._default
        place = self._clock() / rate.seconds
        window = int(place)
        name = (caller.key_hash, rate.seconds)
        count = self.counts.get(name)
        if count is None or count.window != window:
            count = self.counts[name] = _next(count, window)
        total, sent = count.shared
        faded = count.before * (1 - place + window)
        if faded + total + count.own - sent + cost > rate.requests + _ROUNDING:
            raise _refused(count, rate, cost, place - window)
        count.own += cost


def _next(count: Count | None, window: int) -> Count:
    follows = count is not None and count.window == window - 1
    return Count(window, count.used if count is not None and follows else 0)


def _refused(count: Count, rate: Rate, cost: int, passed: float) -> Refusal:
    """Return the refusal; where there is never room, without a time to ask again.

    Args:
        count: Of the window at hand.
        rate: Of the key.
        cost: What is asked for.
        passed: Share of the window that has passed, in [0, 1).
    """
    asked = "one more" if cost == 1 else f"{cost:,} more"
    wait = None if cost > rate.requests else _wait(count, rate, cost, passed)
    problem = Problem(
        code="rate_limited",
        expected=f"at most {rate.requests:,} requests in {rate.seconds:,} s of a key",
        received=asked if wait is None else f"{asked}; there is room in {wait:,} s",
    )
    return Refusal(429, [problem], retry_after=wait)


def _wait(count: Count, rate: Rate, cost: int, passed: float) -> int:
    """Return in how many seconds there is room, where nothing else is asked."""
    room = rate.requests - cost
    if count.used <= room:  # once enough of the window before has faded
        share = 1 - (room - count.used) / count.before
    else:  # not before the next window, in which this one fades
        share = 2 - room / count.used
    return max(1, math.ceil((share - passed) * rate.seconds))

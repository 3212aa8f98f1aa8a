"""The months of a simulation, cut where a company looks at its customers.

An observation date belongs to the past of itself: features know the whole day, the
horizon begins with the next. The months of the simulation are therefore cut at the
end of each observation date (the first of a month, and the last day of the data), so
that what is simulated month by month is exactly what is observed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EPOCH = dt.date(1970, 1, 1)
BEYOND = 6
"""Months after the last one that a horizon may reach into."""


@dataclass(frozen=True)
class Months:
    """The months of a simulation, and some after it.

    Attributes:
        count: Simulated months.
        firsts: int64, (count + BEYOND + 1,), first day of each calendar month, days
            since 1970-01-01.
        cuts: int64, same shape; month k lasts from midnight of `cuts[k]` to that of
            `cuts[k + 1]`.
        numbers: int64, same shape; calendar month, 0 (January) to 11.
    """

    count: int
    firsts: NDArray[np.int64]
    cuts: NDArray[np.int64]
    numbers: NDArray[np.int64]

    @classmethod
    def make(cls, start: dt.date, count: int) -> Months:
        """Return the months from `start`, the first of a month."""
        index = start.year * 12 + start.month - 1 + np.arange(count + BEYOND + 1)
        firsts = first_of_month(index)
        cuts = firsts + 1
        cuts[0], cuts[count] = firsts[0], firsts[count]
        return cls(count, firsts, cuts, index % 12)

    @property
    def lengths(self) -> NDArray[np.float64]:
        """Days of each month: float64, (count + BEYOND,)."""
        return np.diff(self.cuts).astype(np.float64)

    def observation_day(self, month: int) -> int:
        """Return the day, since 1970-01-01, after which a month begins."""
        return int(self.cuts[month]) - 1

    def begins_by(self, date: dt.date) -> int:
        """Return the first month that begins on or after the month of a date."""
        return int(np.searchsorted(self.firsts, (date - EPOCH).days))

    def begun(self, starts: Sequence[dt.date], month: int) -> int:
        """Return how many of some days, growing, a month begins on or after."""
        return sum(self.begins_by(start) <= month for start in starts)


def first_of_month(index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first day of months counted from year 0, in days since 1970-01-01."""
    months = (index - 1970 * 12).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64)

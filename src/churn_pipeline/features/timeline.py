"""The time line cut at every edge of every window, so that each event is read once.

Windows of several observation dates overlap. Cut at all their edges, the time line
falls into cells that no window divides: an event lies in exactly one cell, and what a
window holds is the sum over its cells.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis

EPOCH = dt.date(1970, 1, 1)


def day_number(date: dt.date) -> int:
    """Return the days from 1970-01-01 to a date."""
    return (date - EPOCH).days


def days_since_epoch(date: ibis.Value) -> ibis.Value:
    """Return an int32 column: the days from 1970-01-01 to a date or a time."""
    return date.cast("date").delta(ibis.date(EPOCH), unit="day").cast("int32")


@dataclass(frozen=True)
class Window:
    """The days `after < day <= until`, seen from an observation date.

    Attributes:
        observed: Index of the observation date.
        length: Name of the window at its date; nested windows have growing lengths.
        after: Day number before the first day.
        until: Day number of the last day.
    """

    observed: int
    length: int
    after: int
    until: int


@dataclass(frozen=True)
class Timeline:
    """Observation dates, the windows around them, and the cells between their edges.

    Attributes:
        dates: Observation dates, growing.
        windows: Windows in any order, any number a date.
    """

    dates: tuple[dt.date, ...]
    windows: tuple[Window, ...]

    @property
    def edges(self) -> list[int]:
        """Day numbers, growing, at which a cell ends (that day belongs to it)."""
        return sorted({edge for w in self.windows for edge in (w.after, w.until)})

    @property
    def first_edge(self) -> ibis.Value:
        """The date that all windows lie after."""
        return ibis.date(EPOCH + dt.timedelta(self.edges[0]))

    def observations(self) -> ibis.Table:
        """Return one row a date: `observed`, `observation_date`, `observed_day`."""
        rows = [
            {
                "observed": index,
                "observation_date": date,
                "observed_day": day_number(date),
            }
            for index, date in enumerate(self.dates)
        ]
        return _table(
            rows, observed="int16", observation_date="date", observed_day="int32"
        )

    def days(self) -> ibis.Table:
        """Return one row a day: `day`, `cell`, `seen` (first date not before it).

        `day` is a date. The first row stands for every day up to it; `clip_day` sends
        them there. Days after the last edge have no row.
        """
        edges = self.edges
        observed = [day_number(date) for date in self.dates]
        rows = [
            {
                "day": EPOCH + dt.timedelta(day),
                "cell": bisect_left(edges, day),
                "seen": bisect_left(observed, day),
            }
            for day in range(edges[0], edges[-1] + 1)
        ]
        return _table(rows, day="date", cell="int16", seen="int16")

    def clip_day(self, day: ibis.Value) -> ibis.Value:
        """Return days before the first edge as the first edge."""
        return ibis.greatest(day, self.first_edge)

    def cells(self) -> ibis.Table:
        """Return one row a cell and date whose windows hold it: `cell`, `observed`."""
        rows = [
            {"cell": cell, "observed": observed}
            for cell, observed in sorted(self._holding())
        ]
        return _table(rows, cell="int16", observed="int16")

    def history(self) -> ibis.Table:
        """Return one row a date and cell that is over by then.

        Returns:
            `cell`, `observed` and one float64 column a length of window, `in_30`: 1
            where the window holds the cell, else 0. A sum times this number is
            quicker than a sum with a filter.
        """
        lengths = sorted({window.length for window in self.windows})
        holding = self._holding()
        rows = [
            {"cell": cell, "observed": observed}
            | {
                f"in_{length}": float(length in holding.get((cell, observed), ()))
                for length in lengths
            }
            for observed, date in enumerate(self.dates)
            for cell in range(bisect_left(self.edges, day_number(date)) + 1)
        ]
        flags = {f"in_{length}": "float64" for length in lengths}
        return _table(rows, cell="int16", observed="int16", **flags)

    def _holding(self) -> dict[tuple[int, int], set[int]]:
        """Return the lengths of the windows that hold a cell, by cell and date."""
        edges = self.edges
        held: dict[tuple[int, int], set[int]] = {}
        for window in self.windows:
            first = bisect_left(edges, window.after) + 1
            for cell in range(first, bisect_left(edges, window.until) + 1):
                held.setdefault((cell, window.observed), set()).add(window.length)
        return held


def lookback_timeline(
    dates: Sequence[dt.date], windows_days: Sequence[int]
) -> Timeline:
    """Return the time line of windows that end with their observation date."""
    windows = [
        Window(index, length, day_number(date) - length, day_number(date))
        for index, date in enumerate(dates)
        for length in windows_days
    ]
    return Timeline(tuple(dates), tuple(windows))


def horizon_timeline(
    dates: Sequence[dt.date], lead_days: int, horizon_days: int
) -> Timeline:
    """Return the time line of the horizons, which begin after the lead time."""
    windows = []
    for index, date in enumerate(dates):
        begin = day_number(date) + lead_days
        windows.append(Window(index, horizon_days, begin, begin + horizon_days))
    return Timeline(tuple(dates), tuple(windows))


def _table(rows: Sequence[Mapping[str, object]], **schema: str) -> ibis.Table:
    """Return a small table of constants."""
    import pyarrow as pa

    # Narrow keys, as stated: every event is hashed and grouped by them.
    typed = ibis.schema(schema).to_pyarrow()
    return ibis.memtable(pa.Table.from_pylist([dict(row) for row in rows], typed))

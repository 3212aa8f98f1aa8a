"""Which days are plausible in a column of dates: where the rest of them lies."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence

import ibis.expr.types as ir

from churn_pipeline.validation.cells import Bounds

_SHORTEST_GAP_DAYS = 60
_GAP_SHARE_OF_SPAN = 0.25


def days_with_rows(dates: ir.Value) -> dict[dt.date, int]:
    """Return the number of rows of each day in a column of dates."""
    days = dates.date() if dates.type().is_timestamp() else dates
    table = days.name("day").as_table()
    known = table.filter(table["day"].notnull())
    counts = known.group_by("day").agg(rows=known.count())
    frame = counts.order_by("day").to_pyarrow()
    return dict(zip(frame["day"].to_pylist(), frame["rows"].to_pylist(), strict=True))


def plausible_bounds(
    rows: Mapping[dt.date, int], *, largest_share: float, today: dt.date | None = None
) -> Bounds | None:
    """Return the days between which dates are believed.

    From the middle outwards, a gap without rows of a quarter of the time that the
    middle 90 % of the rows cover, and of at least 60 days, ends what is plausible,
    where at most `largest_share` of the rows lie beyond. So does today, where no
    more rows than that lie after it.

    Args:
        rows: Number of rows of each day, in order of the days.
        largest_share: Share of rows, 0 to 1, that may be implausible at an end.
        today: A day after which nothing has happened yet; None: no such day.

    Returns:
        The bounds, or None where there are no dates.

    Example:
        >>> day = dt.date
        >>> rows = {day(2019, 1, 1): 1, day(2024, 1, 1): 50, day(2024, 2, 1): 50}
        >>> plausible_bounds(rows, largest_share=0.05).first
        datetime.date(2024, 1, 1)
    """
    days = list(rows)
    if not days:
        return None
    total = sum(rows.values())
    low, middle, high = (_quantile(rows, share) for share in (0.05, 0.5, 0.95))
    gap = max(_SHORTEST_GAP_DAYS, _GAP_SHARE_OF_SPAN * (high - low).days)
    start = days.index(middle)
    spare = largest_share * total
    after = _walk(days[start:], rows, gap, spare)
    before = _walk(days[start::-1], rows, gap, spare)
    future = sum(count for day, count in rows.items() if today and day > today)
    if today and 0 < future <= spare:
        after = min(after, today)
    return Bounds(before, after)


def _walk(
    days: Sequence[dt.date], rows: Mapping[dt.date, int], gap: float, spare: float
) -> dt.date:
    """Return the last day before the first gap beyond which few rows lie."""
    beyond = sum(rows[day] for day in days)
    for day, following in itertools.pairwise(days):
        beyond -= rows[day]
        if abs((following - day).days) > gap and beyond <= spare:
            return day
    return days[-1]


def _quantile(rows: Mapping[dt.date, int], share: float) -> dt.date:
    """Return the first day up to which at least that share of the rows lies."""
    wanted = share * sum(rows.values())
    seen = 0
    for day, count in rows.items():
        seen += count
        if seen >= wanted:
            return day
    raise AssertionError("shares are at most 1")

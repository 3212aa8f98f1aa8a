"""The day of a run: what is dated after it has not happened yet."""

from __future__ import annotations

import datetime as dt

_SLACK = dt.timedelta(days=1)


def day_of(today: object) -> dt.date:
    """Return the parameter `today` as a day; None is the machine's day, UTC.

    Raises:
        ValueError: It is not an ISO date.

    Examples:
        >>> day_of("2025-07-01")
        datetime.date(2025, 7, 1)
    """
    if today is None:
        return dt.datetime.now(tz=dt.UTC).date()
    try:
        return dt.date.fromisoformat(str(today))
    except ValueError as error:
        raise ValueError(
            f"expected `today` to be a date such as 2025-07-01, got {today!r}; correct "
            "it in parameters.yml or where it was asked for, or leave it out for the "
            "day on which the run starts"
        ) from error


def last_believed_day(today: str) -> dt.date:
    """Return the day after which no event has happened: a day's slack for time zones.

    Args:
        today: The day of the run, ISO.

    Examples:
        >>> last_believed_day("2025-07-01")
        datetime.date(2025, 7, 2)
    """
    return dt.date.fromisoformat(today) + _SLACK

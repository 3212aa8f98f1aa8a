"""How limits are written: `600/minute`, in the notation of the `limits` library."""

from __future__ import annotations

from churn_pipeline.serving.access.roles import Rate

DEFAULT = Rate(6000, 60)
"""Far above what people at a desk ask, and far below what a program in a loop does."""


def parse_rate(text: str) -> Rate:
    """Return a limit.

    Args:
        text: Such as `600/minute`, `5 per second` or `10000/15 minutes`.

    Raises:
        ValueError: It is none.

    Examples:
        >>> parse_rate("10000/15 minutes")
        Rate(requests=10000, seconds=900)
    """
    import limits

    try:
        found = limits.parse(text)
    except ValueError:
        found = None
    if found is None or found.amount < 1 or found.get_expiry() < 1:
        raise ValueError(
            f"expected a limit such as 600/minute or 5/second, got {text[:80]!r}"
        )
    return Rate(found.amount, found.get_expiry())

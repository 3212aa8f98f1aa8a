"""Keys of parameters that somebody misspelt."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def check_keys(given: object, known: Collection[str]) -> None:
    """Refuse a key that is not known, and name the near one.

    Args:
        given: What was read; anything but a mapping is left to others to judge.
        known: The keys that there are.

    Raises:
        ValueError: A key is not known.

    Examples:
        >>> check_keys({"sed": 1}, ["seed", "rows"])
        Traceback (most recent call last):
        ValueError: expected keys out of seed, rows, got 'sed'; did you mean 'seed'?
    """
    for key in map(str, given) if isinstance(given, dict) else ():
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "remove it"
            raise ValueError(
                f"expected keys out of {', '.join(known)}, got {key!r}; {hint}"
            )

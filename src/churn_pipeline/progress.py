"""Progress bars for work that takes more than a few seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def track(
    items: Iterable[T], description: str, total: float | None = None
) -> Iterator[T]:
    """Yield the items, showing a bar on standard error while they are worked on.

    Args:
        items: What to iterate over.
        description: Short text before the bar, e.g. "tuning".
        total: Number of items where `items` has no length.

    Yields:
        The items, unchanged.
    """
    from rich.console import Console
    from rich.progress import track as rich_track

    console = Console(stderr=True)
    yield from rich_track(
        items, description, total=total, console=console, transient=True
    )

"""Progress on standard error of work that takes more than a few seconds.

On a terminal as bars; elsewhere, in a log, as a line a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, Task, TaskID

T = TypeVar("T")
_SECONDS_A_LINE = 60.0
_display: Progress | None = None  # rich allows one live display a process


class Bar:
    """One line of the display.

    Attributes:
        description: Text before the bar; `describe` changes it.
    """

    def __init__(self, progress: Progress, task: TaskID, description: str) -> None:
        self._progress, self._task, self.description = progress, task, description

    def advance(self, steps: float = 1) -> None:
        """Move the bar forward."""
        self._progress.advance(self._task, steps)

    def describe(self, text: str) -> None:
        """Show `text` in place of the description, e.g. with the best value so far."""
        self._progress.update(self._task, description=text)


@contextmanager
def display() -> Iterator[Progress]:
    """Show one live display; bars within it, from anywhere, are lines of it."""
    global _display  # noqa: PLW0603
    if _display is not None:
        yield _display
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    try:
        with progress, _told(progress):
            _display = progress
            yield progress
    finally:
        _display = None


@contextmanager
def _told(progress: Progress) -> Iterator[None]:
    """Print now and then what is under way, where no bar can be shown."""
    if progress.console.is_terminal:
        yield
        return
    ended = Event()

    def tell() -> None:
        while not ended.wait(_SECONDS_A_LINE):
            for task in progress.tasks[-1:]:  # the innermost
                progress.console.print(f"  ... {_so_far(task)}")

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def _so_far(task: Task) -> str:
    minutes = f"{(task.elapsed or 0.0) / 60:.0f} min so far"
    if task.total is None:
        return f"{task.description}: {minutes}"
    return f"{task.description}: {task.completed:g} of {task.total:g} done, {minutes}"


@contextmanager
def bar(description: str, total: float | None = None) -> Iterator[Bar]:
    """Show a bar while the block runs.

    Args:
        description: Short text before the bar, e.g. "tuning".
        total: Steps until done; None where that is not known.

    Yields:
        The bar, to advance and to describe.
    """
    with display() as progress:
        task = progress.add_task(description, total=total)
        try:
            yield Bar(progress, task, description)
        finally:
            progress.remove_task(task)


def track(
    items: Iterable[T], description: str, total: float | None = None
) -> Iterator[T]:
    """Yield the items, showing a bar while they are worked on.

    Args:
        items: What to iterate over.
        description: Short text before the bar.
        total: Number of items where `items` has no length.

    Yields:
        The items, unchanged.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with bar(description, total) as line:
        for item in items:
            yield item
            line.advance()

"""Versions of what pipelines write, and whether there is a newer one."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from pathlib import Path

from churn_pipeline.environment import told_for
from churn_pipeline.serving.locate import environment_of

logger = logging.getLogger(__name__)

Seen = tuple[str, int, int]


def versions(entry: Path) -> list[Path]:
    """Return the files of a versioned entry of the catalog, the newest first.

    A version without its file is not written yet.

    Args:
        entry: Its `filepath`.
    """
    if not entry.is_dir():
        return []
    found = (folder / entry.name for folder in sorted(entry.iterdir(), reverse=True))
    return [file for file in found if file.is_file()]


def newest(entry: Path) -> Path | None:
    """Return the file of the newest version; None where there is none."""
    return next(iter(versions(entry)), None)


def version_of(file: Path) -> str:
    """Return the version that a file is of."""
    return file.parent.name


class Newest(ABC):
    """Takes the newest version of an entry of the catalog, once it is there.

    A version that cannot be read changes nothing: the one before holds, after a
    restart too, or there is none; the log says which and why, once.
    """

    def __init__(
        self, entry: Path, *, dataset: str, part: str, before: str, without: str
    ) -> None:
        """Name the entry; nothing is read yet.

        Args:
            entry: Its `filepath`; it need not exist.
            dataset: Name of the data set, which commands in the log are to act on.
            part: What `churn_stale` calls it.
            before: What the log says of the version before, where that one holds.
            without: What it says where there is none.
        """
        self._entry, self._part, self._dataset = entry, part, dataset
        self._before, self._without = before, without
        self._seen: Seen | None = None
        self._problem: str | None = None

    @abstractmethod
    def take(self, file: Path) -> None:
        """Take a version.

        Raises:
            ValueError, OSError: It cannot be read.
        """

    def refresh(self) -> None:
        """Take the newest version where it is another; there may be none yet."""
        try:
            self._follow()
            self._problem = None
        except (OSError, ValueError) as error:
            holds = self._without if self._seen is None else self._before
            problem = told_for(environment_of(self._dataset), f"{holds}: {error}")
            if problem != self._problem:
                logger.error("%s", problem)
            self._problem = problem

    def problems(self) -> dict[str, str | None]:
        """Return what holds in place of the newest version, and why."""
        return {self._part: self._problem}

    def _follow(self) -> None:
        first: Exception | None = None
        for file in versions(self._entry):
            try:
                self._look(file)
                break
            except (OSError, ValueError) as error:
                first = first or error
                if self._seen is not None:
                    break
        if first is not None:
            raise first

    def _look(self, file: Path) -> None:
        state = file.stat()
        seen = (version_of(file), state.st_mtime_ns, state.st_size)
        if seen != self._seen:
            self.take(file)
            self._seen = seen

"""The history of watches: one line of JSON a watch, what is told of a window.

A window is watched as often as one likes: lines of the same date and model are one
watch, of which the later ones tell what is newest. Drift and performance are told by
lines of their own.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from pathlib import Path

from pydantic import Field, ValidationError

from churn_pipeline.params import Params


class Moved(Params):
    """How far something moved in a window.

    Attributes:
        effect: How far, in the measure of its limit.
        limit: From which on it counts as drifted.
        drifted: Whether it did.
        cost: Money a customer that it costs if it is a fault; None: not estimated.
    """

    effect: float
    limit: float
    drifted: bool
    cost: float | None = None


class Watch(Params):
    """What is told of one window; None and empty where a line does not tell it.

    Attributes:
        date: Observation date that was watched.
        model_version: Version of the champion.
        columns: How far each column moved, by name.
        others: The same of `prediction`, `multivariate`, `target`, and of each fault
            by `kind:column`.
        estimated: Performance as estimated without labels, by metric.
        realised: Performance as labels tell it, by metric.
    """

    date: dt.date
    model_version: str
    columns: dict[str, Moved] = Field(default_factory=dict)
    others: dict[str, Moved] = Field(default_factory=dict)
    estimated: dict[str, float] = Field(default_factory=dict)
    realised: dict[str, float] = Field(default_factory=dict)

    def updated(self, newer: Watch) -> Watch:
        """Return this watch with what a newer line tells instead."""
        told = {
            name: value
            for name in ("columns", "others", "estimated", "realised")
            if (value := getattr(newer, name))
        }
        return self.model_copy(update=told)


def append(path: Path, watch: Watch) -> None:
    """Add a line to the history; a reader sees it whole or not at all.

    Args:
        path: The file; made where there is none.
        watch: What is told.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        _drop_torn_end(file)
        os.write(file, watch.model_dump_json(exclude_defaults=True).encode() + b"\n")
        os.fsync(file)
    finally:
        os.close(file)


def read(path: Path) -> tuple[Watch, ...]:
    """Return the watches, the oldest date first; none where there is no file.

    Raises:
        ValueError: A line is none of a history.
    """
    if not path.is_file():
        return ()
    whole, _, _ = path.read_bytes().rpartition(b"\n")  # the rest was torn by a crash
    found: dict[tuple[dt.date, str], Watch] = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        watch = _read_line(line, path, number)
        key = (watch.date, watch.model_version)
        found[key] = found[key].updated(watch) if key in found else watch
    return tuple(found[key] for key in sorted(found))


def _read_line(line: bytes, path: Path, number: int) -> Watch:
    """Return the watch of one line."""
    try:
        return Watch.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(
            f"expected a watch in line {number} of {path}, got {first['msg']} at "
            f"{'.'.join(map(str, first['loc'])) or 'its start'}; restore the file from "
            "a copy, or remove that line"
        ) from error


def _drop_torn_end(file: int) -> None:
    """Cut off what a crash has left of a line that was being written."""
    size = os.fstat(file).st_size
    end = size
    while end and os.pread(file, 1, end - 1) != b"\n":
        end -= 1
    if end < size:
        os.ftruncate(file, end)

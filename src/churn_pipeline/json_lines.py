"""Files of JSON lines that several processes add to and read, whole or not at all."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from churn_pipeline.params import Params

T = TypeVar("T", bound=Params)


def read(path: Path, kind: type[T]) -> list[T]:
    """Return the lines, the oldest first; none where there is no file.

    What follows the last line end was torn by a crash, and nobody was told that it is
    there.

    Raises:
        ValueError: A line is something else.
    """
    if not path.is_file():
        return []
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    lines = enumerate(whole.splitlines(), start=1)
    return [_parsed(line, kind, path, number) for number, line in lines]


@contextmanager
def adding(path: Path, mode: int = 0o600) -> Iterator[Callable[[Params], None]]:
    """Yield what adds a line; nobody else adds until the block ends.

    A line is on the disk when it returns, behind the last whole one. Where the disk
    takes no more, OSError is raised and nothing of the line is left.

    Args:
        path: The file; made where there is none.
        mode: Who may read and write it, where it is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, mode)

    def add(line: Params) -> None:
        end = os.fstat(file).st_size
        try:
            _write(file, line.model_dump_json(exclude_defaults=True).encode() + b"\n")
            os.fsync(file)
        except OSError as error:
            os.ftruncate(file, end)
            error.filename = str(path)
            raise

    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        _drop_torn_end(file)
        yield add
    finally:
        os.close(file)


def _write(file: int, content: bytes) -> None:
    """Write all bytes: of the last that fit, a full disk takes some and says so."""
    while content:
        content = content[os.write(file, content) :]


def _parsed(line: bytes, kind: type[T], path: Path, number: int) -> T:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(
            f"expected a {kind.__name__.lower()} in line {number} of {path}, got "
            f"{first['msg']} at {'.'.join(map(str, first['loc'])) or 'its start'}; "
            "restore the file from a copy, or remove that line"
        ) from error


def _drop_torn_end(file: int) -> None:
    """Cut off what a crash has left of a line that was being written."""
    end = size = os.fstat(file).st_size
    while end and os.pread(file, 1, end - 1) != b"\n":
        end -= 1
    if end < size:
        os.ftruncate(file, end)

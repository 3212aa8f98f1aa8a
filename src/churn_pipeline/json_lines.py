"""Files of JSON lines that several processes add to and read, whole or not at all."""

from __future__ import annotations

import fcntl
import json
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
    with locked(path, mode) as file:

        def add(line: Params) -> None:
            """Write one line, and wait until the disk has it."""
            content = line.model_dump_json(exclude_defaults=True).encode() + b"\n"
            try:
                write_line(file, content, durable=True)
            except OSError as error:
                error.filename = str(path)
                raise

        yield add


@contextmanager
def locked(path: Path, mode: int = 0o600) -> Iterator[int]:
    """Yield a file's descriptor, for lines to be added; nobody else adds meanwhile.

    What a crash has left of a line is cut off first; a whole one that lacks its end,
    as an editor leaves it, is given that.

    Args:
        path: The file; made where there is none.
        mode: Who may read and write it, where it is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, mode)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        _mend_end(file)
        yield file
    finally:
        os.close(file)


def write_line(file: int, content: bytes, *, durable: bool = False) -> None:
    """Write a line whole, or nothing of it.

    Args:
        file: As `locked` yields it.
        content: The line with its end.
        durable: Whether to wait until the disk has it.

    Raises:
        OSError: The disk takes no more; nothing of the line is left.
    """
    end = os.fstat(file).st_size
    try:
        while content:  # of the last that fit, a full disk takes some
            content = content[os.write(file, content) :]
        if durable:
            os.fsync(file)
    except OSError:
        os.ftruncate(file, end)
        raise


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


def _mend_end(file: int) -> None:
    """End the last line where it is whole, or cut off what a crash has left of it."""
    end = size = os.fstat(file).st_size
    while end and os.pread(file, 1, end - 1) != b"\n":
        end -= 1
    if end == size:
        return
    if _is_whole(os.pread(file, size - end, end)):
        write_line(file, b"\n")
    else:
        os.ftruncate(file, end)


def _is_whole(line: bytes) -> bool:
    """Return whether a line is an object of JSON, of which no part is one."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False

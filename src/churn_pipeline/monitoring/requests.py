"""Requests to retrain: one line of JSON each, written by who may ask, answered once.

Who asks trains nothing: the next watch takes a request as a reason. It is answered by
the first model that is made after it, whatever became of that model.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, ValidationError

from churn_pipeline.params import Params


class Request(Params):
    """Somebody asks for another model.

    Attributes:
        id: Names the request; a second line of the same name counts for nothing.
        reason: Why, in words.
        who: Who asks.
        time: UTC.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9._:-]{1,100}$")
    reason: str = Field(min_length=1, max_length=500)
    who: str = Field(min_length=1, max_length=100)
    time: dt.datetime


def ask(path: Path, request: Request) -> bool:
    """Write a request down, on the disk when it returns.

    Args:
        path: The file; made where there is none.
        request: What is asked for.

    Returns:
        Whether it is new; False where one of its id is there.

    Raises:
        ValueError: A line of the file is none of a request.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        if any(known.id == request.id for known in requests(path)):
            return False
        size = os.fstat(file).st_size
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        line = request.model_dump_json().encode() + b"\n"
        os.write(file, b"\n" + line if torn else line)
        os.fsync(file)
    finally:
        os.close(file)
    return True


def requests(path: Path) -> tuple[Request, ...]:
    """Return the requests, the oldest first; none where there is no file.

    Raises:
        ValueError: A line is none of a request, and was not torn by a crash.
    """
    if not path.is_file():
        return ()
    found: dict[str, Request] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.endswith(b"}"):  # a crash tore it, and nobody was told it is there
            continue
        try:
            request = Request.model_validate_json(line)
        except ValidationError as error:
            raise ValueError(
                f"expected a request in line {number} of {path}, got "
                f"{error.errors()[0]['msg']}; remove that line"
            ) from error
        found.setdefault(request.id, request)
    return tuple(found.values())


def open_since(
    found: Iterable[Request], made: dt.datetime | None
) -> tuple[Request, ...]:
    """Return the requests that no model was made after.

    Args:
        found: All requests.
        made: When the run of the newest model began, UTC; None: there is none.
    """
    return tuple(r for r in found if made is None or r.time > made)

"""Requests to retrain: one line of JSON each, written by who may ask, answered once.

Who asks trains nothing: the next watch takes a request as a reason. It is answered by
the first model that is made after it, whatever became of that model.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from churn_pipeline import json_lines
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
    with json_lines.adding(path) as add:
        if any(known.id == request.id for known in requests(path)):
            return False
        add(request)
    return True


def requests(path: Path) -> tuple[Request, ...]:
    """Return the requests, the oldest first; none where there is no file.

    Raises:
        ValueError: A line is none of a request.
    """
    found: dict[str, Request] = {}
    for request in json_lines.read(path, Request):
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

"""Why a request is refused, in words: what was expected, and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ValidationError

MAX_ERRORS = 20
MAX_SHOWN = 80


class Problem(BaseModel):
    """One thing that is wrong with a request.

    Attributes:
        row: Position of the row in a batch, from 0; None for a single customer.
        code: Name of the kind of fault, for programs.
        field: Name of the field, shortened; empty where the whole request is meant.
        expected: What the contract says.
        received: What came, shortened.
    """

    row: int | None = None
    code: str
    field: str = ""
    expected: str
    received: str


class Refusal(ValueError):
    """A request that is refused.

    Attributes:
        status: HTTP status.
        problems: What is wrong, at most 20.
        retry_after: Seconds after which to ask again; None where that does not help.
        allow: Methods that an address takes, where it was asked by another.
    """

    def __init__(
        self,
        status: int,
        problems: Sequence[Problem],
        *,
        retry_after: int | None = None,
        allow: Sequence[str] = (),
    ) -> None:
        """Name the first problem in the message."""
        first = problems[0]
        where = f"{first.field}: " if first.field else ""
        super().__init__(f"{where}expected {first.expected}, got {first.received}")
        self.status = status
        self.problems = tuple(problems[:MAX_ERRORS])
        self.retry_after = retry_after
        self.allow = tuple(allow)

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The headers that its answer has to carry, names in lower case."""
        found = []
        if self.status == HTTPStatus.UNAUTHORIZED:
            found.append((b"www-authenticate", b'ApiKey header="X-API-Key"'))
        if self.retry_after is not None:
            found.append((b"retry-after", str(self.retry_after).encode()))
        if self.status == HTTPStatus.REQUEST_TIMEOUT:
            found.append((b"connection", b"close"))  # the rest may never come
        if self.allow:
            found.append((b"allow", ", ".join(self.allow).encode()))
        return tuple(found)


def refusal(status: int, code: str, *, expected: str, received: str) -> Refusal:
    """Return the refusal of a whole request."""
    return Refusal(status, [Problem(code=code, expected=expected, received=received)])


def too_large(limit: int) -> Refusal:
    """Return the refusal of a body of more than `limit` bytes."""
    return refusal(
        413, "too_large", expected=f"at most {limit:,} bytes", received="more"
    )


def code_of(kind: str) -> str:
    """Return our name of one of pydantic's kinds of error."""
    known = {
        "missing": "missing_field",
        "extra_forbidden": "unknown_field",
        "greater_than_equal": "out_of_range",
        "less_than_equal": "out_of_range",
    }
    return known.get(kind, "invalid_value")


def shown(value: Any) -> str:
    """Return a value on one short line.

    Examples:
        >>> shown([1, 2])
        'list of 2'
        >>> shown("a" * 200) == repr("a" * 80) + "…"
        True
    """
    if isinstance(value, list | dict):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, str) and len(value) > MAX_SHOWN:
        return f"{value[:MAX_SHOWN]!r}…"
    return shortened(repr(value))


def shortened(text: str) -> str:
    """Return at most 80 characters of a text, told where there were more."""
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def refused_body(error: ValidationError) -> Refusal:
    """Return the refusal of a body that breaks its model."""
    return Refusal(
        422,
        [
            Problem(
                code=code_of(found["type"]),
                field=shortened(".".join(map(str, found["loc"]))),
                expected=wanted(found["msg"]),
                received=received(found),
            )
            for found in error.errors(include_url=False)[:MAX_ERRORS]
        ],
    )


def received(detail: Mapping[str, Any]) -> str:
    """Return what came where pydantic found an error, on one short line.

    Args:
        detail: The error; of a missing field its `input` is what the field is not in.

    Examples:
        >>> received({"type": "missing", "input": {"request_id": "a"}})
        'no such field'
        >>> received({"type": "bool_type", "input": 1})
        '1'
    """
    return "no such field" if detail["type"] == "missing" else shown(detail["input"])


def wanted(message: str) -> str:
    """Return what pydantic wants, fit to stand behind "expected".

    Examples:
        >>> wanted("Input should be a valid string"), wanted("Field required")
        ('a valid string', 'a value')
    """
    if message == "Field required":
        return "a value"
    for said in ("Value error, ", "Input should be ", "expected "):
        message = message.removeprefix(said)
    return message

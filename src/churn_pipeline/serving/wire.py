"""What goes over the wire: heads and bodies of requests, answers in ASGI's terms."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from churn_pipeline.serving.access.roles import Caller, Role
from churn_pipeline.serving.refusal import Refusal, refusal, shortened, too_large

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = dict[bytes, bytes]
Always = tuple[tuple[bytes, bytes], ...]

JSON = "application/json"
BODY_SECONDS = 30
"""How long a client may take to send a body that does not come at once."""

NOBODY = Caller("", Role.PREDICT, "")

_SANE = re.compile(rb"[A-Za-z0-9._:-]{1,64}").fullmatch
_TRACE = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}").fullmatch
_PROCESS = os.urandom(8).hex()
_COUNT = itertools.count()


@dataclass(slots=True)
class Call:
    """One request.

    Attributes:
        scope: ASGI's.
        receive: Gives the body.
        headers: By lower-case name; of several of a name the last.
        request_id: The client's where it is sane, else a new one.
        start: Seconds of `perf_counter` when it came.
        caller: Who sent it; nobody where no key is needed.
    """

    scope: Scope
    receive: Receive
    headers: Headers
    request_id: str
    start: float
    caller: Caller = NOBODY

    @property
    def address(self) -> str:
        """Where it came from; empty where the server does not say."""
        sender = self.scope.get("client")
        return str(sender[0]) if sender else ""

    @property
    def agent(self) -> str:
        """The program that sent it, as it calls itself."""
        return self.headers.get(b"user-agent", b"").decode("latin-1")

    @property
    def query(self) -> str:
        """What is asked in the address, behind the question mark."""
        asked: bytes = self.scope.get("query_string", b"")
        return asked.decode("latin-1")

    @property
    def key_hash(self) -> str:
        """What logs show of the caller's key."""
        return self.caller.key_hash


@dataclass(slots=True)
class Reply:
    """One answer.

    Attributes:
        body: Its content.
        status: Of HTTP.
        kind: Media type.
        headers: Beyond those that every answer has, or in their place.
    """

    body: bytes
    status: int = 200
    kind: bytes = b"application/json"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


def request_id_of(headers: Headers) -> str:
    """Return the id of a request: the one in `X-Request-Id` where it is sane.

    Examples:
        >>> request_id_of({b"x-request-id": b"shop-17"})
        'shop-17'
        >>> len(request_id_of({b"x-request-id": b"a b"}))
        32
    """
    given = headers.get(b"x-request-id")
    if given is not None and _SANE(given):
        return given.decode()
    return new_request_id()


def new_request_id() -> str:
    """Return an id that no other request has, of this process or another."""
    return f"{_PROCESS}{next(_COUNT):016x}"


async def body_of(call: Call, limit: int) -> bytes:
    """Return the body.

    Raises:
        Refusal: It is larger than `limit` bytes, came too slowly, or its sender hung
            up.
    """
    deadline = asyncio.get_running_loop().time() + BODY_SECONDS
    message = await _next(call, deadline, 0)
    if not message.get("more_body") and message["type"] == "http.request":
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise too_large(limit)
        return body
    return await _rest(call, message, limit, deadline)


async def _rest(call: Call, message: Message, limit: int, deadline: float) -> bytes:
    """Return a body that comes in pieces, of which the first is given."""
    body = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            received = f"{len(body):,} bytes of it"
            raise refusal(
                400, "incomplete_body", expected="the whole body", received=received
            )
        body += message.get("body", b"")
        if len(body) > limit:
            raise too_large(limit)
        if not message.get("more_body"):
            return bytes(body)
        message = await _next(call, deadline, len(body))


async def _next(call: Call, deadline: float, n_bytes: int) -> Message:
    """Return the next piece of a body, of which so many bytes are there."""
    try:
        async with asyncio.timeout_at(deadline):
            return await call.receive()
    except TimeoutError:
        raise too_slow(n_bytes) from None


def too_slow(n_bytes: int) -> Refusal:
    """Return the refusal of a body of which so much came in time."""
    return refusal(
        408,
        "too_slow",
        expected=f"the whole body within {BODY_SECONDS} s",
        received=f"{n_bytes:,} bytes",
    )


def media_type(headers: Headers) -> str:
    """Return the media type of a body, without its parameters; JSON where none is.

    Examples:
        >>> media_type({b"content-type": b"Text/CSV; charset=utf-8"})
        'text/csv'
    """
    given = headers.get(b"content-type")
    if given is None or given == b"application/json":
        return JSON
    return given.decode("latin-1").partition(";")[0].strip().lower()


def require_kind(headers: Headers, kinds: Sequence[str]) -> str:
    """Return the media type of a body that is declared as one of these.

    Raises:
        Refusal: It is declared as something else.
    """
    kind = media_type(headers)
    if kind not in kinds:
        expected, received = " or ".join(kinds), shortened(kind)
        raise refusal(
            415, "unsupported_media_type", expected=expected, received=received
        )
    return kind


def require_json(headers: Headers) -> None:
    """Check that a body is declared as JSON, or not at all.

    Raises:
        Refusal: It is declared as something else.
    """
    require_kind(headers, (JSON,))


def head_of(call: Call, reply: Reply, always: Always) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer.

    Args:
        call: What is answered; its id and its trace go back.
        reply: The answer.
        always: Headers of every answer that does not say otherwise.
    """
    if reply.headers:
        own = {name for name, _ in reply.headers}
        always = tuple(header for header in always if header[0] not in own)
    head = [
        (b"content-type", reply.kind),
        (b"content-length", b"%d" % len(reply.body)),
        (b"x-request-id", call.request_id.encode()),
        *always,
        *reply.headers,
    ]
    trace = call.headers.get(b"traceparent")
    if trace is not None and _TRACE(trace):
        head.append((b"traceparent", trace))
    return head


async def send_reply(send: Send, reply: Reply, head: list[tuple[bytes, bytes]]) -> None:
    """Send an answer whose head is made."""
    start = {"type": "http.response.start", "status": reply.status, "headers": head}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body})

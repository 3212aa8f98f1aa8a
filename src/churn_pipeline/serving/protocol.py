"""HTTP as uvicorn speaks it, with an end to what it would take without one.

Uvicorn's fast parser gathers a head for as long as its sender goes on: one connection
that never ends its first header takes all memory and, since each piece is appended to
all before it, all time; nobody needs a key for that. Here a head, or whatever else is
no body, ends after 64 KB and after some seconds, and a refusal is JSON as elsewhere.
"""

from __future__ import annotations

from asyncio import Handle, Transport
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from churn_pipeline.serving.access.browser import SECURITY_HEADERS
from churn_pipeline.serving.answers import failure
from churn_pipeline.serving.refusal import Refusal, refusal
from churn_pipeline.serving.wire import new_request_id

MAX_HEAD = 64 * 2**10
"""Bytes of a head that come without its end, or of trailers."""
HEAD_SECONDS = 10
"""How long a client may take to send a head."""
MAX_WAITING = 8
"""Requests of a connection that wait for the answer before: browsers and libraries send
the next one after the answer, and 256 KB of heads take a second to read."""
DEAF_SECONDS = 0.5
"""How long a connection is not read that was sent away: one that asks again at once,
instead of after Retry-After, would else take the time of those who stay."""
_LAST = (b"connection", b"close")
_ID = "i" * 32
_MADE: dict[str, bytes] = {}


class Protocol(HttpToolsProtocol):
    """One connection."""

    enter: ClassVar[Callable[[str], Refusal | None]] = staticmethod(lambda _: None)
    """Returns why a request at a path is not taken on; None where it is."""

    _came = 0
    _moved = False
    _late: Handle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and count it where no head and no body came on by it."""
        self._moved = False
        super().data_received(data)
        if self._moved:
            self._came = 0
            return
        self._came += len(data)
        if self._came > MAX_HEAD:
            self._refuse(
                refusal(
                    431,
                    "head_too_large",
                    expected=f"a head of at most {MAX_HEAD:,} bytes",
                    received="more",
                )
            )
        elif self._late is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Take a head that is whole."""
        if len(self.pipeline) >= MAX_WAITING:
            raise OverflowError  # the one way to stop the parser: it hangs up
        self._moved = True
        self._rest()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._moved = True
        self._rest()
        super().on_message_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Begin with a request; where there is no room, it has its answer at once.

        Ten times the load leaves no time to make a task, or even an answer, for each
        of those who are sent away.
        """
        refused = Protocol.enter(cycle.scope["path"])
        if refused is None:
            super()._start_asgi_task(cycle, app)
            return
        cycle.response_started = cycle.response_complete = True
        self._send_away(refused)
        if not cycle.keep_alive:
            self.transport.close()

    def _send_away(self, refused: Refusal) -> None:
        """Answer, and listen to the connection no more for a moment."""
        self.transport.write(_short(refused))
        self.on_response_complete()
        if not self.transport.is_closing():
            self.flow.pause_reading()
            self.loop.call_later(DEAF_SECONDS, self._listen)

    def _listen(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in JSON."""
        self._refuse(
            refusal(400, "invalid_http", expected="HTTP/1.1", received="something else")
        )

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        if not self._came:  # nobody asks
            self.transport.close()
            return
        expected = f"a whole head within {HEAD_SECONDS} s"
        received = f"{self._came:,} bytes"
        self._refuse(refusal(408, "too_slow", expected=expected, received=received))

    def _refuse(self, refused: Refusal) -> None:
        """Answer and hang up; only hang up where an answer is on its way."""
        self._rest()
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if (
            cycle is None
            or cycle.response_complete
            or not (cycle.response_started or self.pipeline)
        ):
            self.transport.write(_whole(refused, new_request_id(), _LAST))
        if cycle is not None:
            cycle.disconnected = True
        self.transport.close()


def _short(refused: Refusal) -> bytes:
    """Return an answer that goes out often, but for its id made once."""
    code = refused.problems[0].code
    if code not in _MADE:
        _MADE[code] = _whole(refused, _ID)
    return _MADE[code].replace(_ID.encode(), new_request_id().encode())


def _whole(refused: Refusal, request_id: str, *more: tuple[bytes, bytes]) -> bytes:
    """Return an answer as bytes, head and all."""
    reply = failure(refused, request_id, None)
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}".encode()]
    head = (
        (b"content-type", reply.kind),
        (b"content-length", b"%d" % len(reply.body)),
        (b"x-request-id", request_id.encode()),
        *SECURITY_HEADERS,
        *reply.headers,
        *more,
    )
    lines += [name + b": " + value for name, value in head]
    return b"\r\n".join((*lines, b"", reply.body))

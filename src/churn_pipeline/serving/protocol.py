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
from time import perf_counter
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from churn_pipeline.serving.access.browser import SECURITY_HEADERS
from churn_pipeline.serving.answers import failure
from churn_pipeline.serving.overload import Pace
from churn_pipeline.serving.refusal import Refusal, refusal
from churn_pipeline.serving.wire import new_request_id

MAX_HEAD = 64 * 2**10
"""Bytes of a head that come without its end, or of trailers."""
HEAD_SECONDS = 10
"""How long a client may take to send a head."""
MAX_WAITING = 8
"""Requests of a connection that wait for the answer before: browsers and libraries send
the next one after the answer, and 256 KB of heads take a second to read."""
_SOON = b"POST /predict HTTP/1.1\r\n"
"""What may be put off: the probes may not."""
Enter = Callable[[str, bool], Refusal | None]
_LAST = (b"connection", b"close")
_ID = "i" * 32
_MADE: dict[str, bytes] = {}


class Protocol(HttpToolsProtocol):
    """One connection."""

    enter: ClassVar[Enter] = staticmethod(lambda path, old: None)
    """Returns why a request at a path, that was put off or not, is not taken on; None
    where it is."""
    is_late: ClassVar[Callable[[], bool]] = staticmethod(lambda: False)
    """Returns whether there is no time left, not even to send predictions away."""
    pace: ClassVar[Pace] = Pace()
    """Of the connections of this process."""

    _came = 0
    _heard = 0.0
    _put_off: bytes | None = None
    _old = False
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
        if self._put_off is not None or (
            not self._old and data.startswith(_SOON) and Protocol.is_late()
        ):
            self._keep(data)
            return
        self._moved, self._heard = False, perf_counter()
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
        refused = Protocol.enter(cycle.scope["path"], self._old)
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
            pause = self.pace.send_away(perf_counter() - self._heard)
            self.loop.call_later(pause, self._listen)

    def _keep(self, data: bytes) -> None:
        """Put off what came: to read it would keep all the others waiting."""
        if self._put_off is not None:
            self._put_off += data
            self.flow.pause_reading()  # an answer before it has let more come
            return
        self._put_off = data
        self._unset_keepalive_if_required()
        self.flow.pause_reading()
        self.loop.call_later(self.pace.put_off(), self._take_up)

    def _take_up(self) -> None:
        """Read what was put off."""
        data, self._put_off = self._put_off or b"", None
        self.pace.waiting -= 1
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._old = True
            self.data_received(data)
            self._old = False

    def _listen(self) -> None:
        self.pace.deaf -= 1
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

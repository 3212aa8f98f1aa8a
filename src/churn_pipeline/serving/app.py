"""The service as one ASGI callable: it answers every request itself.

BentoML's own application, and what it wraps around a request, sees the start and the
end of the process and nothing between: its tracing, counting and logging of each
request cost more than the answer.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

from churn_pipeline.serving.access.browser import PREFLIGHT, SECURITY_HEADERS
from churn_pipeline.serving.access.roles import ELSEWHERE, OPEN
from churn_pipeline.serving.answers import failure
from churn_pipeline.serving.endpoints import (
    ENDPOINTS,
    PREDICT,
    Endpoint,
    prediction,
)
from churn_pipeline.serving.oip.place import grpc_of
from churn_pipeline.serving.oip.rest import oip_label, oip_methods, with_error
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.refreshing import refresh
from churn_pipeline.serving.refusal import Problem, Refusal, refusal, shortened
from churn_pipeline.serving.wire import (
    Call,
    Message,
    Receive,
    Reply,
    Scope,
    Send,
    head_of,
    request_id_of,
    send_reply,
)

logger = logging.getLogger(__name__)

PROBES = frozenset({"/livez", "/readyz"})
OTHER = "other"
_ENDS = ("lifespan.shutdown.complete", "lifespan.shutdown.failed")
REFRESH_SECONDS = 1.0
GRACE_SECONDS = 5.0
"""How long gRPC goes on with what it has begun when the process is to end."""

Lifespan = Callable[[Scope, Receive, Send], Awaitable[None]]
Answered = tuple[Reply, list[tuple[bytes, bytes]]]
"""An answer and its headers."""


class App:
    """The service.

    Attributes:
        parts: What a request meets; None until the model is loaded.
        lifespan: Who else is told of the start and the end of the process.
    """

    def __init__(self, parts: Parts | None = None) -> None:
        """Begin; without parts nothing but /livez is answered yet."""
        self.parts = parts
        self.lifespan: Lifespan | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._grpc: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or take part in the start and the end of the process."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})

    def begin(self, path: str, old: bool) -> Refusal | None:
        """Return why a request is sent away before it is looked at; None: it is not.

        Args:
            path: Where it goes; the probes are answered always.
            old: Whether it was put off.
        """
        parts = self.parts
        if parts is None or path in PROBES:
            return None
        refused = parts.gate.begin(old=old)
        if refused is not None:
            endpoint = path if path in ENDPOINTS else oip_label(path) or OTHER
            parts.metrics.answered(endpoint, refused.status, 0.0)
        return refused

    def is_late(self) -> bool:
        """Return whether there is no time left, not even to send predictions away."""
        return self.parts is not None and self.parts.gate.heads.is_late()

    def predicted(self, scope: Scope, body: bytes) -> Answered:
        """Return the answer to `POST /predict`, whose body is at hand.

        It is what a call of the application would send, without an event loop.
        """
        call = _call(scope, _nothing)
        try:
            if self.parts is None:
                reply = _unready(PREDICT)
            else:
                _admit(self.parts, call, PREDICT)
                reply = prediction(self.parts, call, body)
        except Exception as error:
            reply = self._failed(error, call)
        answered = reply, self._head(call, reply)
        self._count(call, reply, PREDICT)
        return answered

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        call, path = _call(scope, receive), scope["path"]
        try:
            if self.parts is None:
                reply = _unready(path)
            else:
                reply = await _reply(self.parts, call, path)
        except Exception as error:
            reply = self._failed(error, call)
        await send_reply(send, reply, self._head(call, reply))
        endpoint = path if path in ENDPOINTS else oip_label(path) or OTHER
        self._count(call, reply, endpoint)

    def _head(self, call: Call, reply: Reply) -> list[tuple[bytes, bytes]]:
        """Return the headers of an answer."""
        parts = self.parts
        if parts is None:
            return head_of(call, reply, SECURITY_HEADERS)
        if parts.cors:
            reply.headers.extend(parts.cors.headers(call.headers.get(b"origin")))
        return head_of(call, reply, parts.headers)

    def _count(self, call: Call, reply: Reply, endpoint: str) -> None:
        if self.parts is not None:
            taken = time.perf_counter() - call.start
            self.parts.metrics.answered(endpoint, reply.status, taken)

    def _failed(self, error: Exception, call: Call) -> Reply:
        """Return why there is no answer; a fault of ours goes to the log, whole."""
        if not isinstance(error, Refusal):
            logger.error("request %s failed", call.request_id, exc_info=error)
            received = f"a fault of ours; the log has it under {call.request_id}"
            error = refusal(
                500, "internal_error", expected="an answer", received=received
            )
        version = self.parts.models.champion.version if self.parts else None
        reply = failure(error, call.request_id, version)
        return with_error(reply) if oip_label(call.scope["path"]) else reply

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let BentoML start and end; between the two the parts are kept fresh."""

        async def sent(message: Message) -> None:
            """Pass a message on; once all have started, begin to refresh."""
            if message["type"] == "lifespan.startup.complete":
                message = await self._begin(message)
            elif message["type"] in _ENDS:  # whoever hears it ends the process
                await self._end()
            await send(message)

        await (self.lifespan or _nobody)(scope, receive, sent)

    async def _end(self) -> None:
        """Stop refreshing and gRPC, and write what waits to be written."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            with suppress(asyncio.CancelledError):
                await self._refreshing
        if self._grpc is not None:
            await self._grpc.stop(GRACE_SECONDS)
        if self.parts is not None:
            await asyncio.to_thread(self.parts.close)

    async def _begin(self, started: Message) -> Message:
        """Begin what runs beside requests; return that all started, or what did not."""
        try:
            if self.parts is not None:
                self._grpc = await grpc_of(self.parts, os.environ)
        except (OSError, ValueError) as error:
            logger.error("%s", error)
            return {"type": "lifespan.startup.failed", "message": str(error)}
        self._refreshing = asyncio.create_task(self._refresh())
        return started

    async def _refresh(self) -> None:
        """Once a second read again what changed, and leave the numbers to others."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            if self.parts is not None:
                await asyncio.to_thread(refresh, self.parts)


def _call(scope: Scope, receive: Receive) -> Call:
    start = time.perf_counter()
    headers = dict(scope["headers"])
    return Call(scope, receive, headers, request_id_of(headers), start)


async def _reply(parts: Parts, call: Call, path: str) -> Reply:
    """Return the answer to a request that may be made and can be taken on."""
    method = call.scope["method"]
    if method == "OPTIONS" and parts.cors:
        return Reply(b"", 204, headers=list(PREFLIGHT))
    _admit(parts, call, path)
    endpoint: Endpoint = _endpoint(path, method)
    return await endpoint(parts, call)


def _admit(parts: Parts, call: Call, path: str) -> None:
    """Find out who asks.

    Raises:
        Refusal: They may not, or there is no room.
    """
    if path not in OPEN:
        call.caller = parts.access.admit(
            call.scope["headers"],  # as they came: several keys must be seen
            call.address,
            path if path in ENDPOINTS else oip_label(path) or ELSEWHERE,
        )
    if path not in PROBES:
        parts.gate.enter()


async def _nothing() -> Message:
    """Return that nothing more comes."""
    return {"type": "http.disconnect"}


def _endpoint(path: str, method: str) -> Any:
    """Return what answers.

    Raises:
        Refusal: There is no such address, or it is not asked so.
    """
    methods = ENDPOINTS.get(path) or oip_methods(path)
    if methods is None:
        near = get_close_matches(shortened(path), ENDPOINTS, n=1, cutoff=0.8)
        hint = f"; is it {near[0]}?" if near else ""
        raise refusal(
            404,
            "unknown_address",
            expected=f"an address of the service, as /docs lists them{hint}",
            received=shortened(path),
        )
    found = methods.get(method)
    if found is None:
        problem = Problem(
            code="wrong_method",
            expected=" or ".join(methods),
            received=shortened(method),
        )
        raise Refusal(405, [problem], allow=tuple(methods))
    return found


def _unready(path: str) -> Reply:
    """Return the answer of a process that has no model yet.

    Raises:
        Refusal: It is asked for more than whether it is alive.
    """
    if path == "/livez":
        return Reply(b'{"status":"alive"}')
    problem = Problem(code="not_ready", expected="a model", received="none loaded yet")
    raise Refusal(503, [problem], retry_after=1)


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """Start and end without anything to do."""
    for _ in range(2):
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})

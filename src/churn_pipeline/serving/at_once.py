"""Predictions answered where their bytes come in.

A task, a cycle of messages and two writes a request cost uvicorn as much as the answer
itself. A prediction waits for nothing, so that one whose bytes are all at hand needs
none of them. Whatever is otherwise goes uvicorn's way: other addresses, a body in
several pieces, a client that does not read its answers or wants its connection closed.
"""

from __future__ import annotations

from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from churn_pipeline.serving.app import App
from churn_pipeline.serving.endpoints import PREDICT
from churn_pipeline.serving.protocol import Protocol

_URL = PREDICT.encode()


class AtOnce(Protocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what uvicorn gives."""
        super().__init__(*args, **kwargs)
        app: Any = self.app
        if isinstance(app, ProxyHeadersMiddleware):
            app = app.app
        self._predicted = app.predicted if isinstance(app, App) else None
        self._body: bytes | None = None

    def data_received(self, data: bytes) -> None:
        """Take what came; a prediction that is not whole yet goes uvicorn's way."""
        super().data_received(data)
        if self._body is not None and not self.transport.is_closing():
            body, self._body = self._body, None
            super().on_headers_complete()
            if body:
                super().on_body(body)

    def on_headers_complete(self) -> None:
        """Take a head that is whole."""
        if not self._is_prediction():
            super().on_headers_complete()
            return
        self._moved = True
        self._rest()
        self._body = b""

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        if self._body is None:
            super().on_body(body)
        else:
            self._moved = True
            self._body += body

    def on_message_complete(self) -> None:
        """Answer a prediction; take the end of another request."""
        if self._body is None:
            super().on_message_complete()
        elif not self.transport.is_closing():
            self._moved = True
            body, self._body = self._body, None
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        refused = Protocol.enter(PREDICT, self._old)
        if refused is not None:
            self._send_away(refused)
            return
        scope: Any = self.scope
        scope |= {"method": "POST", "path": PREDICT, "query_string": b""}
        reply, head = self._predicted(scope, body)  # type: ignore[misc]
        lines = [STATUS_LINE[reply.status]]
        for name, value in (*self.server_state.default_headers, *head):
            lines += (name, b": ", value, b"\r\n")
        lines += (b"\r\n", reply.body)
        self.transport.write(b"".join(lines))
        self.on_response_complete()

    def _is_prediction(self) -> bool:
        """Return whether a head is of a prediction that nothing stands before."""
        parser = self.parser
        return (
            self.url == _URL
            and parser.get_method() == b"POST"
            and self._predicted is not None
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.expect_100_continue
            and not (self.root_path or self.limit_concurrency)
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and not self._is_forwarded()
        )

    def _is_forwarded(self) -> bool:
        """Return whether a proxy tells who asked: that is for uvicorn to weigh."""
        for name, _ in self.headers:
            if name.startswith(b"x-forwarded-"):
                return True
        return False

"""A connection takes no more of the service than a request may."""

import asyncio
import json

import pytest
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from churn_pipeline.serving import protocol, wire
from churn_pipeline.serving.protocol import MAX_HEAD, Protocol
from tests.factories import tiny_artifact
from tests.serving.apps import Full, app_of


@pytest.fixture(scope="module")
def app():
    return app_of(tiny_artifact())


def _said(app, *pieces, end=True):
    """Return what a connection hears that sends these pieces, until it is closed."""

    async def talk():
        config = Config(app, http=Protocol, log_config=None)
        config.load()
        state, loop = ServerState(), asyncio.get_running_loop()
        made = await loop.create_server(
            lambda: Protocol(config, state, {}), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*made.sockets[0].getsockname())
        heard = b""
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            if end:
                writer.write_eof()
            heard = await asyncio.wait_for(reader.read(), 20)
        except ConnectionError:  # hung up while we sent
            pass
        writer.close()
        made.close()
        return heard

    return asyncio.run(talk())


def _refused(heard):
    head, _, body = heard.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_a_head_without_end_is_refused_after_64_kb(app):
    status, told = _refused(
        _said(app, b"GET /livez HTTP/1.1\r\nX-A: ", b"a" * MAX_HEAD, end=False)
    )
    assert (status, told["code"]) == (431, "head_too_large")


@pytest.mark.parametrize("piece", [b"X-A: b\r\n", b"a"])
def test_whatever_makes_a_head_long_it_takes_no_memory(app, piece):
    pieces = [b"GET /livez HTTP/1.1\r\nX-B: "] + [piece * 2**13] * 64
    heard = _said(app, *pieces, end=False)
    assert heard == b"" or _refused(heard)[0] == 431


def test_trailers_without_end_are_hung_up_on(app):
    head = b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = [head + b"1\r\n{\r\n0\r\n"] + [b"X-A: b\r\n" * 2**13] * 64
    heard = _said(app, *pieces, end=False)
    assert heard == b"" or heard.startswith(b"HTTP/1.1 401")


def test_a_head_that_does_not_come_to_an_end_in_time_is_refused(app, monkeypatch):
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    status, told = _refused(_said(app, b"GET /livez HT", end=False))
    assert (status, told["code"]) == (408, "too_slow")


def test_a_connection_that_asks_nothing_is_closed(app, monkeypatch):
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    assert _said(app, end=False) == b""


@pytest.mark.parametrize("body", [b"", b"{"])
@pytest.mark.parametrize("path", [b"/predict", b"/hooks/registry"])
def test_a_body_that_does_not_come_in_time_is_refused_and_hung_up_on(
    app, monkeypatch, path, body
):
    monkeypatch.setattr(wire, "BODY_SECONDS", 0.05)
    head = b"POST %s HTTP/1.1\r\nX-API-Key: %s\r\n" % (path, app.key.encode())
    heard = _said(app, head + b"Content-Length: 9\r\n\r\n" + body, end=False)
    status, told = _refused(heard)
    assert (status, told["code"]) == (408, "too_slow")
    assert told["received"] == f"{len(body)} bytes"


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nA B: c\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_refused_in_json(app, sent):
    heard = _said(app, sent, end=False)
    status, told = _refused(heard)
    assert (status, told["code"]) in {(400, "invalid_http"), (401, "missing_key")}
    assert b"Traceback" not in heard


def test_a_request_that_comes_byte_by_byte_is_answered(app):
    sent = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    heard = _said(app, *(sent[i : i + 1] for i in range(len(sent))))
    assert heard.startswith(b"HTTP/1.1 200")


def test_a_long_body_is_no_long_head(app):
    body = b'{"plan": "' + b"a" * 2 * MAX_HEAD + b'"}'
    key = app.key.encode()
    head = b"POST /predict HTTP/1.1\r\nConnection: close\r\nX-API-Key: " + key
    head += b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    status, told = _refused(_said(app, head, body[:MAX_HEAD], body[MAX_HEAD:]))
    assert (status, told["code"]) == (422, "missing_field")


def test_requests_that_wait_for_each_other_are_few(app, monkeypatch):
    begun = []
    monkeypatch.setattr(
        Protocol, "_start_asgi_task", lambda self, cycle, app: begun.append(cycle)
    )
    one = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
    assert _said(app, one * 10_000, end=False) == b""
    assert len(begun) == 1


def test_some_requests_at_once_are_answered_in_order(app):
    pages = (b"/livez", b"/readyz", b"/nothing")
    heads = [b"GET %s HTTP/1.1\r\nHost: a\r\n" % page for page in pages]
    sent = b"\r\n".join(heads) + b"Connection: close\r\n\r\n"
    heard = _said(app, sent, end=False)
    statuses = [part[:3] for part in heard.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"200", b"401"]


def test_whoever_is_too_much_is_sent_away_before_anything_is_made(app, monkeypatch):
    monkeypatch.setattr(Protocol, "enter", app.begin)
    monkeypatch.setattr(app.parts.gate, "heads", Full())
    pages = [b"/predict", b"/model", b"/predict", b"/livez", b"/v2", b"/nothing"]
    heads = [b"GET %s HTTP/1.1\r\nHost: a\r\n" % page for page in pages]
    begun, deaf = [], []
    monkeypatch.setattr(
        HttpToolsProtocol,
        "_start_asgi_task",
        lambda self, cycle, app: begun.append(cycle.scope["path"]),
    )

    async def all_at_once():
        config = Config(app, http=Protocol, log_config=None)
        config.load()
        heard = []
        for head in heads:
            connection = Protocol(config, ServerState(), {})
            connection.connection_made(_Wire(heard))
            connection.data_received(head + b"\r\n")
            deaf.append(connection.flow.read_paused)
            connection.connection_lost(None)
        return heard

    heard = asyncio.run(all_at_once())
    assert begun == ["/predict", "/model", "/livez"]
    assert [_refused(said)[0] for said in heard] == [503, 503, 503]
    assert deaf == [False, False, True, False, True, True]
    assert all(b"\r\nretry-after: 1\r\n" in said for said in heard)
    ids = {_refused(said)[1]["request_id"] for said in heard}
    assert len(ids) == 3
    assert all(said.count(i.encode()) in (0, 2) for said in heard for i in ids)


class _Wire(asyncio.Transport):
    """Where a connection writes."""

    def __init__(self, heard):
        super().__init__({"peername": ("203.0.113.7", 1)})
        self.heard = heard

    def write(self, data):
        self.heard.append(data)

    def is_closing(self):
        return False

    def pause_reading(self):
        pass

    def close(self):
        pass

"""A prediction answered at once is what uvicorn's way would have answered."""

import asyncio
import json
import re

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from churn_pipeline.serving.at_once import AtOnce
from churn_pipeline.serving.contract import MAX_BYTES
from churn_pipeline.serving.protocol import Protocol
from tests.factories import tiny_artifact
from tests.serving.apps import Full, app_of, client_of


@pytest.fixture(scope="module")
def app():
    return app_of(tiny_artifact())


@pytest.fixture(scope="module")
def body(app):
    return client_of(app).get("/example").content


def request(app, body, *lines, target=b"/predict", method=b"POST"):
    named = (b"Host: a", b"X-API-Key: " + app.key.encode(), *lines)
    length = b"Content-Length: %d" % len(body)
    first = method + b" " + target + b" HTTP/1.1"
    return b"\r\n".join((first, *named, length, b"", body))


def heard(app, *pieces, n_answers=1):
    """Return the answers to what is sent, and how many tasks uvicorn made for them."""

    async def talk():
        config = Config(app, http=AtOnce, log_config=None)
        config.load()
        state, loop = ServerState(), asyncio.get_running_loop()
        cycles, came = [], []

        class Watched(AtOnce):
            def data_received(self, data):
                super().data_received(data)
                came.append(data)

            def _start_asgi_task(self, cycle, app):
                cycles.append(cycle)
                super()._start_asgi_task(cycle, app)

        made = await loop.create_server(
            lambda: Watched(config, state, {}), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*made.sockets[0].getsockname())
        for piece in pieces:
            writer.write(piece)
            n_bytes = sum(map(len, came)) + len(piece)
            while sum(map(len, came)) < n_bytes:
                await asyncio.sleep(0)
        answers = [await _answer(reader) for _ in range(n_answers)]
        writer.close()
        made.close()
        return answers, len(cycles)

    return asyncio.run(asyncio.wait_for(talk(), 20))


async def _answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(re.search(rb"content-length: (\d+)", head)[1])
    return head, json.loads(await reader.readexactly(length))


def same(answer):
    """Return an answer without what differs from request to request."""
    head, told = answer
    differs = re.compile(rb"^(date|x-request-id|content-length):.*")
    lines = [differs.sub(rb"\1", line) for line in head.split(b"\r\n")]
    own = {"request_id", "time", "milliseconds"}
    return sorted(lines), {k: v for k, v in told.items() if k not in own}


def test_a_whole_prediction_takes_no_task_and_says_the_same(app, body):
    (at_once,), n_tasks = heard(app, request(app, body))
    forwarded = request(app, body, b"X-Forwarded-Proto: http")
    (uvicorns,), n_tasks_of_uvicorn = heard(app, forwarded)
    assert (n_tasks, n_tasks_of_uvicorn) == (0, 1)
    assert at_once[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert same(at_once) == same(uvicorns)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"plan": NaN}', b"[" * 10_000, b" " * (MAX_BYTES + 1)],
)
def test_a_refusal_at_once_says_the_same(app, body):
    (at_once,), _ = heard(app, request(app, body))
    (uvicorns,), _ = heard(app, request(app, body, b"X-Forwarded-Proto: http"))
    assert same(at_once) == same(uvicorns)
    assert b" 200 " not in at_once[0].split(b"\r\n")[0]


def test_who_has_no_key_is_refused_at_once(app, body):
    sent = request(app, body).replace(app.key.encode(), b"x" * len(app.key))
    ((head, told),), n_tasks = heard(app, sent)
    assert (head[:12], told["code"], n_tasks) == (b"HTTP/1.1 401", "unknown_key", 0)


def test_a_body_in_pieces_goes_uvicorns_way(app, body):
    sent = request(app, body)
    cut = len(sent) - 10
    ((head, _),), n_tasks = heard(app, sent[:cut], sent[cut:])
    assert head.startswith(b"HTTP/1.1 200")
    assert n_tasks == 1


def test_requests_in_a_row_are_answered_in_their_order(app, body):
    batch = request(app, b"[" + body + b"]", target=b"/predict_batch")
    ids = [b"X-Request-Id: r%d" % i for i in range(4)]
    one, two = (request(app, body, line) for line in ids[:2])
    three = batch.replace(b"Host: a", b"Host: a\r\n" + ids[2])
    four = request(app, body, ids[3])
    answers, n_tasks = heard(app, one + two + three + four, n_answers=4)
    assert [told["request_id"] for _, told in answers] == ["r0", "r1", "r2", "r3"]
    assert n_tasks == 2  # the last one stands behind the batch


def test_a_connection_to_be_closed_is_closed(app, body):
    ((head, _),), n_tasks = heard(app, request(app, body, b"Connection: close"))
    assert b"connection: close" in head
    assert n_tasks == 1


def test_a_prediction_too_many_is_sent_away_before_it_is_read(app, body, monkeypatch):
    monkeypatch.setattr(Protocol, "enter", app.begin)
    monkeypatch.setattr(app.parts.gate, "heads", Full())
    answers, n_tasks = heard(app, request(app, body) * 3, n_answers=3)
    assert [head[9:12] for head, _ in answers] == [b"200", b"200", b"503"]
    assert b"retry-after: 1\r\n" in answers[2][0]
    assert (answers[2][1]["code"], n_tasks) == ("overloaded", 0)


def test_where_no_time_is_left_a_prediction_is_put_off_and_then_sent_away(
    app, body, monkeypatch
):
    monkeypatch.setattr(Protocol, "enter", app.begin)
    monkeypatch.setattr(Protocol, "is_late", lambda: True)
    ((head, told),), _ = heard(app, request(app, body))
    assert (head[9:12], told["code"]) == (b"503", "overloaded")
    assert Protocol.pace.waiting == 0


def test_what_comes_behind_a_prediction_that_is_put_off_keeps_its_place(
    app, body, monkeypatch
):
    monkeypatch.setattr(Protocol, "is_late", lambda: True)
    sent = request(app, body, b"X-Request-Id: first")
    last = request(app, body, b"X-Request-Id: last")
    answers, _ = heard(app, sent, last[:50], last[50:], n_answers=2)
    assert [told["request_id"] for _, told in answers] == ["first", "last"]


def test_where_no_time_is_left_the_probes_are_answered(app, monkeypatch):
    monkeypatch.setattr(Protocol, "is_late", lambda: True)
    asked = request(app, b"", target=b"/livez", method=b"GET")
    ((head, told),), _ = heard(app, asked)
    assert (head[9:12], told) == (b"200", {"status": "alive"})

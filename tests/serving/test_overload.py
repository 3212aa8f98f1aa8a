"""What is too much is sent away at once, and the probes are answered all the while."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from churn_pipeline.serving.overload import MOST_AT_ONCE, MOST_BATCHES, MOST_LABELS
from tests.factories import tiny_artifact
from tests.serving.apps import GOOD, app_of, client_of


@pytest.fixture(scope="module")
def app():
    return app_of(tiny_artifact())


def _at_once(app, n, path="/predict", method="POST"):
    """Return the statuses and headers of requests that come in the same moment."""
    body = json.dumps(GOOD).encode()
    scope = {"type": "http", "method": method, "path": path, "query_string": b""}
    scope["headers"] = [(b"x-api-key", app.key.encode())]
    heads = []

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        if message["type"] == "http.response.start":
            heads.append((message["status"], dict(message["headers"])))

    async def ask():
        await asyncio.gather(*(app(dict(scope), receive, send) for _ in range(n)))

    asyncio.run(ask())
    return heads


def test_beyond_what_may_wait_a_request_gets_503_and_when_to_ask_again(app):
    heads = _at_once(app, MOST_AT_ONCE + 40)
    refused = [head for status, head in heads if status == 503]
    assert len(refused) == 40
    assert refused[0][b"retry-after"] == b"1"
    assert [status for status, _ in _at_once(app, 1)] == [200]


def test_the_probes_are_answered_however_many_ask(app):
    heads = _at_once(app, MOST_AT_ONCE + 40, "/livez", "GET")
    assert {status for status, _ in heads} == {200}


def test_batches_beyond_what_may_wait_get_503(app):
    app.parts.gate.batches = MOST_BATCHES
    refused = client_of(app).post("/predict_batch", json=[GOOD])
    app.parts.gate.batches = 0
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert client_of(app).post("/predict_batch", json=[GOOD]).status_code == 200


def test_labels_that_wait_for_their_database_hold_up_no_batch(app, monkeypatch):
    let, waiting = threading.Event(), threading.Event()

    def hang(body, key_hash):
        waiting.set()
        assert let.wait(20)
        return 1

    monkeypatch.setattr(app.parts.feedback, "take", hang)
    client = client_of(app)
    with ThreadPoolExecutor(MOST_LABELS) as senders:
        asked = [
            senders.submit(client.post, "/feedback", json={"request_id": "a"})
            for _ in range(MOST_LABELS)
        ]
        assert waiting.wait(20)
        while app.parts.gate.labels < MOST_LABELS:
            waiting.wait(0.01)
        assert client.post("/predict_batch", json=[GOOD]).status_code == 200
        refused = client.post("/feedback", json={"request_id": "a"})
        let.set()
        assert {one.result().status_code for one in asked} == {200}
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")

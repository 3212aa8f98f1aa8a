"""What is too much is sent away at once, and the probes are answered all the while."""

import asyncio
import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from churn_pipeline.serving.overload import (
    ALWAYS,
    LATELY_SECONDS,
    MOST_BATCHES,
    MOST_LABELS,
    MOST_SECONDS,
    ROUND_SECONDS,
    SHARE,
    Pace,
    Rounds,
)
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


class Clock:
    """A time that goes on by some seconds with each request."""

    now = 0.0

    def __call__(self):
        return self.now


def _hurried():
    """Return a clock by which a second passes each time somebody looks at it."""
    return itertools.count().__next__


def _rounds(*asked):
    """Return how many are taken on in rounds of so many, at so many seconds each."""
    clock = Clock()
    rounds = Rounds(clock)

    async def go():
        taken = []
        for n, seconds in asked:
            taken.append(0)
            for _ in range(n):
                taken[-1] += rounds.take()
                clock.now += seconds
            await asyncio.sleep(0)
        return taken

    return asyncio.run(go())


def test_a_burst_that_is_worked_off_in_time_is_taken_on_whole():
    n = int(ROUND_SECONDS / 0.0001)
    assert _rounds((n, 0.0001)) == [n]


def test_some_are_taken_on_however_long_they_take_and_no_more():
    assert _rounds((ALWAYS + 40, 0.01)) == [ALWAYS]


def test_where_somebody_was_sent_away_lately_a_round_takes_on_the_least():
    n = int(ROUND_SECONDS / 0.0001)
    burst, calm = (n, 0.0001), (1, LATELY_SECONDS)
    assert _rounds((ALWAYS + 1, 0.01), burst, calm, burst) == [ALWAYS, ALWAYS, 1, n]


def test_who_was_put_off_is_not_taken_on():
    assert not Rounds(Clock()).take(old=True)


def test_a_round_is_late_once_its_time_is_up_and_some_were_taken_on():
    clock = Clock()
    rounds, late = Rounds(clock), []

    async def go():
        for n in (ALWAYS - 1, 1):
            for _ in range(n):
                rounds.take()
            for seconds in (0.0, 2 * ROUND_SECONDS):
                clock.now += seconds
                late.append(rounds.is_late())

    asyncio.run(go())
    assert late == [False, False, True, True]


def test_sending_away_takes_its_share_of_the_time_however_many_ask():
    pace = Pace()
    pauses = [pace.send_away(20e-6) for _ in range(10_000)]
    # All ask again as soon as they are read: so many are sent away in a second.
    assert 10_000 / pauses[-1] * 20e-6 == pytest.approx(SHARE)
    assert pauses[0] < 0.0001
    assert max(pace.send_away(0.1) for _ in range(1_000)) == MOST_SECONDS


def test_what_is_put_off_waits_for_those_before_it():
    pace = Pace()
    first, *_, last = [pace.put_off() for _ in range(100)]
    assert last == pytest.approx(100 * first)


def test_beyond_what_may_wait_a_request_gets_503_and_when_to_ask_again(app):
    app.parts.gate.requests = Rounds(_hurried())
    heads = _at_once(app, ALWAYS + 40)
    app.parts.gate.requests = Rounds()
    refused = [head for status, head in heads if status == 503]
    assert len(refused) == 40
    assert refused[0][b"retry-after"] == b"1"
    assert [status for status, _ in _at_once(app, 1)] == [200]


def test_the_probes_are_answered_however_many_ask(app):
    app.parts.gate.requests = Rounds(_hurried())
    heads = _at_once(app, ALWAYS + 40, "/livez", "GET")
    app.parts.gate.requests = Rounds()
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

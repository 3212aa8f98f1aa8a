"""10,000 requests that mean harm: none is a fault of ours, and none leaves a trace."""

import asyncio
import json
import sqlite3
import sys
from collections import Counter
from random import Random
from urllib.parse import unquote

import psutil
import pytest

from churn_pipeline.release.store import ModelStore, Record
from churn_pipeline.serving.rollout.state import Rollout
from tests.factories import tiny_artifact
from tests.serving.apps import app_of
from tests.serving.malice import GOOD, Attack, attack

CASES, EVERY = 10_000, 500
MOST_MIB = 150
SAID = ("traceback", "site-packages", "/tmp/", "churn_pipeline", ".py", "sqlite")  # noqa: S108
"""What no answer tells: how the service is made, and where it lies."""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    artifact = tiny_artifact()
    version = artifact.manifest.version
    store = ModelStore(tmp_path_factory.mktemp("models") / "tiny")
    record = Record(version=version, family="net", gate="approved", metrics={})
    store.add(artifact, record)
    store.point_to(version)
    return app_of(artifact, store)


async def _ask(app, sent: Attack):
    """Return status, headers and body of an answer, as a server would see them."""
    path, _, query = sent.path.partition("?")
    headers = {b"x-api-key": app.key.encode()} | sent.headers
    scope = {
        "type": "http",
        "method": sent.method,
        "path": unquote(path),
        "query_string": query.encode(),
        "headers": list(headers.items()),
        "client": ("203.0.113.7", 1),
    }
    messages = []

    async def receive():
        return {"type": "http.request", "body": sent.body}

    async def send(message):
        messages.append(message)

    await app(scope, receive, send)
    head, body = messages
    return head["status"], dict(head["headers"]), body["body"]


def _good(app):
    """Return what the service says of a customer it knows the answer to."""
    sent = Attack("POST", "/predict", json.dumps(GOOD).encode(), {})
    status, _, body = asyncio.run(_ask(app, sent))
    return status, json.loads(body)["churn_probability"]


def test_10_000_requests_that_mean_harm(app, caplog):
    draw = Random(20260101)  # noqa: S311 - the same attacks in every run
    artifact = app.parts.models.champion.artifact
    expected = 200, artifact.predict({n: [v] for n, v in GOOD.items()})[0]
    asyncio.run(_some(app, draw, 1_000))  # what is imported and kept for ever
    before = psutil.Process().memory_info().rss
    statuses = Counter()
    for _ in range(CASES // EVERY):
        statuses += asyncio.run(_some(app, draw, EVERY))
        assert _good(app) == expected
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    assert min(statuses[status] for status in (200, 400, 401, 404, 405, 415, 422)) > 50
    assert not [line for line in caplog.records if "failed" in line.getMessage()]
    assert grown < MOST_MIB
    _check_books(app)


async def _some(app, draw, n_cases):
    """Attack, check each answer, and return how often which status came."""
    statuses = Counter()
    for _ in range(n_cases):
        sent = attack(draw)
        status, headers, body = await _ask(app, sent)
        statuses[status] += 1
        assert status < 500 or _no_store(body), (sent, body)
        if status >= 400:
            told = json.loads(body)
            assert {"code", "field", "expected", "received"} <= told.keys(), sent
            assert len(body) < 30_000, sent
            quoted = str(sent.body).lower() + sent.path.lower()
            for said in SAID:
                assert said not in body.decode().lower() or said in quoted, sent
        for value in headers.values():
            assert b"\n" not in value and b"\r" not in value, sent
    return statuses


def _no_store(body):
    """A customer's id alone, and no store to find the features in."""
    return json.loads(body)["code"] == "no_online_store"


def _check_books(app):
    """Check that journal, audit and rollout can be read, line by line."""
    app.parts.journal.flush()
    counts = app.parts.journal.counts
    assert (counts.lost, counts.dropped, counts.waiting) == (0, 0, 0)
    with sqlite3.connect(app.folder / "journal.db") as journal:
        assert journal.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        asked = "SELECT count(*) FROM prediction"
        assert journal.execute(asked).fetchone() == (counts.written,)
    for name in ("audit.jsonl", "security.jsonl"):
        lines = (app.folder / name).read_text("ascii").splitlines()
        assert [json.loads(line)["kind"] for line in lines]
    rollout = Rollout(app.folder / "rollout.json")
    assert rollout.state == app.parts.rollout.state
    assert [entry.who for entry in rollout.ledger.read()] == [
        "tests"
    ] * rollout.state.version


def test_10_mb_of_anything_is_refused_and_let_go(app):
    async def all_of_them():
        told = Counter()
        for body in (b"a" * 10**7, b'"' + b"a" * 10**7, b"[" * 10**7, b"\0" * 10**7):
            for path in ("/predict", "/predict_batch", "/explain", "/feedback"):
                status, _, _ = await _ask(app, Attack("POST", path, body, {}))
                told[status] += 1
        return told

    assert asyncio.run(all_of_them()) == {413: 8, 400: 8}
    assert sys.getrecursionlimit() < 10_000

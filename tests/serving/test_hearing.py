"""Whoever has the secret may ask for another model; the service writes it down."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from churn_pipeline.monitoring.requests import requests
from churn_pipeline.serving.place import REQUESTS
from tests.factories import tiny_artifact
from tests.serving.apps import app_of, client_of

OURS = "of-the-hook-" * 4
ASKED = {"reason": "new tariff", "who": "pricing"}


@pytest.fixture
def app():
    return app_of(tiny_artifact(), CHURN_HOOK_SECRET=OURS)


def _sent(app, body, *, secret=OURS, delivery="d-7"):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = str(int(time.time()))
    said = b".".join((delivery.encode(), stamp.encode(), text))
    made = base64.b64encode(hmac.new(secret.encode(), said, hashlib.sha256).digest())
    client = client_of(app)
    del client.headers["X-API-Key"]
    headers = {
        "x-mlflow-signature": f"v1,{made.decode()}",
        "x-mlflow-timestamp": stamp,
        "x-mlflow-delivery-id": delivery,
    }
    return client.post("/hooks/retrain", content=text, headers=headers)


def _kept(app):
    return requests(app.parts.rollout.path.with_name(REQUESTS))


def test_a_request_is_kept_with_who_asked_and_why(app):
    answer = _sent(app, ASKED)
    assert (answer.status_code, answer.json()) == (200, {"id": "d-7", "new": True})
    (kept,) = _kept(app)
    assert (kept.id, kept.reason, kept.who) == ("d-7", "new tariff", "pricing")


def test_a_delivery_that_comes_again_counts_once(app):
    _sent(app, ASKED)
    assert _sent(app, ASKED).json() == {"id": "d-7", "new": False}
    assert _sent(app, ASKED, delivery="d-8").json()["new"]
    assert [kept.id for kept in _kept(app)] == ["d-7", "d-8"]


def test_nobody_else_is_heard(app):
    assert _sent(app, ASKED, secret=OURS[::-1]).status_code == 401
    assert _kept(app) == ()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        ({"reason": "", "who": "x"}, 422),
        ({"reason": "x"}, 422),
        ({"reason": "x", "who": "y", "more": 1}, 422),
    ],
)
def test_what_makes_no_sense_is_refused(app, body, status):
    assert _sent(app, body).status_code == status
    assert _kept(app) == ()


def test_a_delivery_without_a_name_is_refused(app):
    answer = _sent(app, ASKED, delivery="not a name!")
    assert answer.status_code == 422
    assert _kept(app) == ()


def test_a_file_that_was_altered_is_not_written_to(app):
    place = app.parts.rollout.path.with_name(REQUESTS)
    place.write_text('{"x": 1}\n')
    assert _sent(app, ASKED).status_code == 500
    assert place.read_text() == '{"x": 1}\n'

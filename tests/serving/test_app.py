"""The ASGI application answers as the artifact does, and refuses in JSON."""

import asyncio
import gzip
import json
from unittest.mock import Mock

import pytest

from churn_pipeline.serving.answers import (
    Answer,
    BatchAnswer,
    ErrorAnswer,
    ExplainedAnswer,
    ExplainedBatch,
)
from churn_pipeline.serving.app import App
from churn_pipeline.serving.contract import MAX_BYTES, MAX_BYTES_BATCH
from tests.factories import tiny_artifact, tiny_columns
from tests.serving.apps import GOOD, app_of, client_of

ERROR = {
    "code",
    "message",
    "field",
    "expected",
    "received",
    "problems",
    "request_id",
    "model_version",
}


def test_predict_answers_with_everything_that_tells_what_answered(client, artifact):
    answer = client.post("/predict", json=GOOD | {"customer_id": 17}).json()
    (probability,) = artifact.predict({n: [v] for n, v in GOOD.items()})
    assert answer["customer_id"] == 17
    assert answer["churn_probability"] == pytest.approx(probability, abs=1e-12)
    assert answer["decision"] == ("call" if probability >= 0.4 else "no_call")
    assert answer["threshold"] == 0.4
    assert answer["model_version"] == "2026-01-01T00.00.00.000Z"
    assert len(answer["request_id"]) == 32
    assert answer["time"].endswith("+00:00")
    assert answer["milliseconds"] > 0
    assert answer["warnings"] == {}


def test_batch_equals_the_artifact_on_missing_and_unknown_values(client, artifact):
    columns = tiny_columns(500, seed=3)
    columns["plan"][7] = "never seen"
    rows = [dict(zip(columns, row)) for row in zip(*columns.values(), strict=True)]
    answer = client.post("/predict_batch", json=rows).json()
    served = [row["churn_probability"] for row in answer["predictions"]]
    assert served == pytest.approx(artifact.predict(columns).tolist(), abs=1e-6)
    assert answer["warnings"] == {
        "monthly_charge": {"missing": 1},
        "plan": {"missing": 1, "unknown_category": 1},
    }


def test_batch_keeps_order_and_ids(client):
    rows = [GOOD | {"customer_id": name} for name in ("b", "a", "c")]
    answer = client.post("/predict_batch", json=rows).json()
    assert [row["customer_id"] for row in answer["predictions"]] == ["b", "a", "c"]


def test_a_refusal_is_json_with_the_field(client):
    answer = client.post("/predict", json=GOOD | {"tenure_months": "three"})
    assert answer.status_code == 422
    error = answer.json()
    assert set(error) == ERROR
    assert (error["code"], error["field"]) == ("invalid_value", "tenure_months")
    assert error["received"] == "'three'"


def test_pickles_are_refused(client):
    kind = {"content-type": "application/vnd.bentoml+pickle"}
    answer = client.post("/predict", content=b"x", headers=kind)
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    ("path", "limit", "told"),
    [
        ("/predict", MAX_BYTES, "262,144"),
        ("/predict_batch", MAX_BYTES_BATCH, "33,554,432"),
    ],
)
def test_a_body_that_is_too_large_is_refused_with_the_limit(client, path, limit, told):
    kind = {"content-type": "application/json"}
    answer = client.post(path, content=b" " * (limit + 1), headers=kind)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"
    assert answer.json()["message"] == f"expected at most {told} bytes, got more"
    assert client.post(path, content=b" " * limit, headers=kind).status_code == 400


@pytest.mark.parametrize("path", ["/predict", "/predict_batch"])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"customer_id": ' + b"9" * 5000 + b"}",
        b'{"tenure_months": 1' + b"0" * 4000 + b"}",
        b'{"plan": "\\ud800"}',
        b'{"plan": "\xed\xa0\x80"}',
        b'{"plan": 1, "plan": 2, "": 3}',
        gzip.compress(b"{}"),
        b"null",
    ],
)
def test_strange_bodies_are_refused_and_not_a_fault_of_ours(client, path, body):
    for sent in (body, b"[" + body + b"]"):
        answer = client.post(path, content=sent)
        assert answer.status_code in (400, 422), answer.text
        assert len(answer.content) < 20_000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict_batch", b"[" + b"[]," * 2_000_000 + b"[]]"),
        ("/feedback", b"[" + b"{}," * 2_000_000 + b"{}]"),
        ("/v2/models/tiny/infer", b'{"inputs":[' + b"[]," * 2_000_000 + b"[]]}"),
    ],
)
def test_millions_of_values_are_refused_before_they_are_made(client, path, body):
    answer = client.post(path, content=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_values")


def test_a_sender_who_hangs_up_is_no_fault_of_ours(artifact, caplog):
    app = app_of(artifact)
    parts = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent = []

    async def receive():
        return parts.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b""}
    scope["headers"] = [(b"x-api-key", app.key.encode())]
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 400
    assert json.loads(sent[1]["body"])["received"] == "1 bytes of it"
    mine = [line for line in caplog.records if line.name == App.__module__]
    assert not mine


def test_the_example_is_a_body_of_predict(client):
    example = client.get("/example")
    answer = client.post("/predict", content=example.content)
    assert (answer.status_code, answer.json()["warnings"]) == (200, {})
    assert answer.json()["customer_id"] == "example-1"


def test_a_fault_of_ours_is_no_stack_trace(artifact, caplog, monkeypatch):
    app = app_of(artifact)
    broken = Mock(side_effect=RuntimeError("secret"))
    monkeypatch.setattr(app.parts.models.champion, "one", broken)
    answer = client_of(app).post("/predict", json=GOOD)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"] in caplog.text


def test_each_answer_has_an_id_of_its_own(client):
    ids = {client.post("/predict", json=GOOD).json()["request_id"] for _ in range(3)}
    assert len(ids) == 3


def test_an_answer_has_the_id_that_the_client_gave_it(client):
    answer = client.post("/predict", json=GOOD, headers={"X-Request-Id": "shop-17"})
    assert answer.json()["request_id"] == "shop-17"
    assert answer.headers["x-request-id"] == "shop-17"


@pytest.mark.parametrize("given", ['a"b', "a b", "x" * 65, "", "é"])
def test_an_id_that_is_not_sane_is_replaced(client, given):
    headers = {"X-Request-Id": given.encode()}
    answer = client.post("/predict", json=GOOD, headers=headers)
    assert len(answer.json()["request_id"]) == 32


def test_a_trace_goes_back_and_nothing_else_in_its_place(client):
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    answer = client.post("/predict", json=GOOD, headers={"traceparent": trace})
    assert answer.headers["traceparent"] == trace
    answer = client.post("/predict", json=GOOD, headers={"traceparent": "else"})
    assert "traceparent" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/predict", 405, "wrong_method"),
        ("POST", "/nothing", 404, "unknown_address"),
        ("GET", "/predict_bach", 404, "unknown_address"),
    ],
)
def test_what_there_is_not_is_refused_in_json(client, method, path, status, code):
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_wrong_method_is_told_the_right_ones(client):
    assert client.post("/rollout").headers["allow"] == "GET, PUT"


@pytest.mark.parametrize(
    ("path", "body", "shape"),
    [
        ("/predict", GOOD, Answer),
        ("/predict_batch", [GOOD], BatchAnswer),
        ("/explain", GOOD, ExplainedAnswer),
        ("/explain", [GOOD], ExplainedBatch),
        ("/predict", {}, ErrorAnswer),
    ],
)
def test_answers_have_the_shape_that_the_page_shows(client, path, body, shape):
    answer = client.post(path, json=body).json()
    read = shape.model_validate(answer, strict=True)
    assert read.model_dump() == answer


def test_one_customer_gets_the_answer_of_a_batch_to_the_bit(client):
    columns = tiny_columns(50, seed=4)
    columns["plan"][7] = "basic\0"
    rows = [dict(zip(columns, row)) for row in zip(*columns.values(), strict=True)]
    batch = [client.post("/predict_batch", json=[row]).json() for row in rows]
    alone = [client.post("/predict", json=row).json() for row in rows]
    for one, (answer,) in zip(alone, (b["predictions"] for b in batch), strict=True):
        assert answer.items() <= one.items()
    assert [b["warnings"] for b in batch] == [one["warnings"] for one in alone]


def test_the_process_is_alive_and_not_ready_without_a_model():
    client = client_of(App())
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").json()["code"] == "not_ready"
    refused = client.post("/predict", json=GOOD)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")


def test_the_service_is_ready_while_the_model_gives_its_golden_answers(artifact):
    app = app_of(artifact.restated())
    client = client_of(app)
    assert client.get("/readyz").json()["status"] == "ready"
    other = tiny_artifact(seed=1)
    app.parts.models.champion.artifact._session = other._session
    assert client.get("/readyz").json()["code"] == "not_ready"


def test_an_unknown_address_is_answered_with_the_nearest_one(client):
    answer = client.post("/predict_bach", json=GOOD)
    assert answer.json()["expected"].endswith("; is it /predict_batch?")
    assert len(answer.content) < 700

"""The ASGI application answers as the artifact does, and refuses in JSON."""

import asyncio
import gzip
import json

import pytest
from starlette.testclient import TestClient

from churn_pipeline.serving.answers import Predictor
from churn_pipeline.serving.app import make_app
from churn_pipeline.serving.contract import MAX_BYTES, MAX_BYTES_BATCH
from tests.factories import tiny_artifact, tiny_columns

GOOD = {"tenure_months": 3, "monthly_charge": 20.5, "plan": "basic"}
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


@pytest.fixture(scope="module")
def artifact():
    return tiny_artifact()


@pytest.fixture(scope="module")
def client(artifact):
    app = make_app()
    app.state.predictor = Predictor(artifact)
    return TestClient(app)


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


def test_a_sender_who_hangs_up_is_no_fault_of_ours(artifact, caplog):
    app = make_app()
    app.state.predictor = Predictor(artifact)
    parts = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent = []

    async def receive():
        return parts.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": []}
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 400
    assert json.loads(sent[1]["body"])["received"] == "1 bytes of it"
    assert not caplog.records


def test_the_example_is_a_body_of_predict(client):
    example = client.get("/example")
    answer = client.post("/predict", content=example.content)
    assert (answer.status_code, answer.json()["warnings"]) == (200, {})
    assert answer.json()["customer_id"] == "example-1"


def test_the_openapi_page_is_made_once(artifact):
    class Counted(Predictor):
        asked = 0

        def predict(self, body, request_id=None, *, reasons=0):
            Counted.asked += 1
            return super().predict(body, request_id, reasons=reasons)

    app = make_app()
    app.state.predictor = Counted(artifact)
    client = TestClient(app)
    pages = {client.get("/docs.json").content for _ in range(3)}
    assert (len(pages), Counted.asked) == (1, 1)


def test_a_fault_of_ours_is_no_stack_trace(artifact, caplog):
    class Broken(Predictor):
        def predict(self, body, request_id=None, *, reasons=0):
            raise RuntimeError("secret")

    app = make_app()
    app.state.predictor = Broken(artifact)
    answer = TestClient(app).post("/predict", json=GOOD)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"] in caplog.text


def test_examples_of_the_openapi_page_are_true(client):
    document = client.get("/docs.json").json()
    for path in ("/predict", "/predict_batch"):
        operation = document["paths"][path]["post"]
        asked = operation["requestBody"]["content"]["application/json"]["example"]
        told = operation["responses"]["200"]["content"]["application/json"]["example"]
        answer = client.post(path, json=asked)
        assert answer.status_code == 200, answer.text
        for volatile in ("request_id", "time", "milliseconds"):
            told.pop(volatile)
        assert told.items() <= answer.json().items()


def test_openapi_page_describes_each_feature(client):
    schemas = client.get("/docs.json").json()["components"]["schemas"]
    customer = schemas["Customer"]
    assert customer["required"] == ["tenure_months", "monthly_charge", "plan"]
    assert customer["additionalProperties"] is False
    tenure = customer["properties"]["tenure_months"]
    assert tenure["x-unit"] == "months"
    assert tenure["anyOf"][0] == {"maximum": 120, "minimum": 0, "type": "number"}
    plan = customer["properties"]["plan"]
    assert plan["x-known-categories"] == ["basic", "plus", "premium"]


def test_every_reference_of_the_openapi_page_leads_somewhere(client):
    document = client.get("/docs.json").json()
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document["components"]["schemas"])


def test_each_answer_has_an_id_of_its_own(client):
    ids = {client.post("/predict", json=GOOD).json()["request_id"] for _ in range(3)}
    assert len(ids) == 3


def test_reasons_are_given_where_they_are_asked_for(client, artifact):
    answer = client.post("/predict?reasons=2", json=GOOD).json()
    (expected,) = artifact.reasons({n: [v] for n, v in GOOD.items()}, at_most=2)
    assert answer["reasons"] == [reason.model_dump() for reason in expected]
    assert answer["reasons"][0]["feature"] == "tenure_months"
    assert answer["reasons"][0]["direction"] == "raises"
    plain = client.post("/predict", json=GOOD).json()
    assert plain["churn_probability"] == answer["churn_probability"]


def test_each_customer_of_a_batch_gets_the_reasons_of_its_own(client):
    rows = [GOOD, GOOD | {"tenure_months": 71}]
    answer = client.post("/predict_batch?reasons=1", json=rows).json()
    found = [row["reasons"][0]["direction"] for row in answer["predictions"]]
    assert found == ["raises", "lowers"]
    alone = client.post("/predict?reasons=1", json=rows[1]).json()
    assert answer["predictions"][1]["reasons"] == alone["reasons"]


@pytest.mark.parametrize("query", ["", "?", "?reasons=0"])
def test_who_does_not_ask_gets_no_reasons(client, query):
    assert "reasons" not in client.post(f"/predict{query}", json=GOOD).json()
    batch = client.post(f"/predict_batch{query}", json=[GOOD]).json()
    assert "reasons" not in batch["predictions"][0]


@pytest.mark.parametrize(
    ("query", "code", "told"),
    [
        ("reasons=11", "invalid_value", "reasons: expected an integer from 0 to 10"),
        ("reasons=-1", "invalid_value", "got '-1'"),
        ("reasons=three", "invalid_value", "got 'three'"),
        ("reasons=", "invalid_value", "got ''"),
        ("reasons=²", "invalid_value", "got '²'"),
        ("reasons=1&reasons=2", "invalid_value", "got list of 2"),
        (f"reasons={'9' * 5000}", "invalid_value", "got '9999"),
        ("reason=3", "unknown_field", "is it reasons?"),
        ("debug=1", "unknown_field", "debug: expected nothing but `?reasons=`"),
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/predict_batch"])
def test_another_question_is_refused(client, path, query, code, told):
    answer = client.post(f"{path}?{query}", json=GOOD)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert told in answer.json()["message"]
    assert len(answer.content) < 2000


def test_a_batch_with_reasons_has_a_limit_of_its_own(client):
    assert client.post("/predict_batch?reasons=1", json=[GOOD] * 100).is_success
    refused = client.post("/predict_batch?reasons=1", json=[GOOD] * 101)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_many_rows")
    assert "a list of 1 to 100 customers" in refused.json()["message"]
    assert client.post("/predict_batch", json=[GOOD] * 101).is_success


def test_the_openapi_page_says_how_to_ask_for_reasons(client):
    document = client.get("/docs.json").json()
    for path in ("/predict", "/predict_batch"):
        (parameter,) = document["paths"][path]["post"]["parameters"]
        assert (parameter["name"], parameter["in"]) == ("reasons", "query")
        assert parameter["schema"]["maximum"] == 10
    assert {"feature", "value", "typical", "contribution"} <= set(
        document["components"]["schemas"]["Reason"]["properties"]
    )
    assert "reasons" not in document["components"]["schemas"]["Answer"]["required"]

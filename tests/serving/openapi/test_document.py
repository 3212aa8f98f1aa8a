"""The OpenAPI document says what the service does, and each of its examples works."""

import base64
import hashlib
import hmac
import io
import json
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from churn_pipeline.serving.bodies import ARROW, CSV, PARQUET
from churn_pipeline.serving.endpoints import ENDPOINTS
from churn_pipeline.serving.hook import HOOK, RETRAIN
from tests.factories import tiny_artifact
from tests.serving.apps import app_of, client_of

SECRET = "of-the-hook-" * 4
CHANGING = {"request_id", "time", "milliseconds", "parameters"}
REFUSED = {
    ("/predict", 422): {"tenure_months": []},
    ("/predict_batch", 422): [{"customer_id": {}}],
    ("/explain", 400): b"{",
    ("/feedback", 422): {},
    ("/rollout/abort", 422): {},
    ("/v2/models/tiny/infer", 422): {"inputs": []},
    ("/v2/models/other/infer", 404): {"inputs": []},
}


@pytest.fixture(scope="module")
def app():
    return app_of(tiny_artifact(), CHURN_HOOK_SECRET=SECRET)


@pytest.fixture
def client(app):
    return client_of(app)


@pytest.fixture(scope="module")
def document(app):
    return client_of(app).get("/docs.json").json()


def _operations(document):
    """Yield method, address with its parameters filled in, and operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            given = path
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    name = f"{{{parameter['name']}}}"
                    given = given.replace(name, parameter["example"])
            yield method, given, operation


def _signed(body):
    stamp = str(int(time.time()))
    said = b".".join((b"d-1", stamp.encode(), body))
    made = base64.b64encode(hmac.new(SECRET.encode(), said, hashlib.sha256).digest())
    return {
        "x-mlflow-signature": f"v1,{made.decode()}",
        "x-mlflow-timestamp": stamp,
        "x-mlflow-delivery-id": "d-1",
    }


def _still(value):
    if isinstance(value, dict):
        return {k: _still(v) for k, v in value.items() if k not in CHANGING}
    return value


def test_every_example_of_a_question_is_answered_as_the_document_says(client, document):
    asked = []
    for method, path, operation in _operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        (told,) = operation["responses"]["200"]["content"].values()
        for kind, body in content.items():
            if "example" not in body:
                continue
            text = body["example"]
            sent = (text if isinstance(text, str) else json.dumps(text)).encode()
            signed = _signed(sent) if path in (HOOK, RETRAIN) else {}
            headers = {"content-type": kind} | signed
            answer = client.request(method, path, content=sent, headers=headers)
            assert answer.status_code == 200, answer.text
            if "example" in told:
                assert _still(answer.json()) == _still(told["example"]), path
            asked.append((method, path, kind))
    assert ("post", "/predict_batch", CSV) in asked
    assert ("put", "/rollout", "application/json") in asked
    assert ("post", "/v2/models/tiny/infer", "application/json") in asked
    assert len(asked) == 12


def test_what_is_asked_without_a_body_is_answered_as_the_document_says(document):
    client = client_of(app_of(tiny_artifact()))
    asked = set()
    for method, path, operation in _operations(document):
        if method != "get" or path == "/model/card":
            continue
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        ((kind, told),) = operation["responses"]["200"]["content"].items()
        assert answer.headers["content-type"].startswith(kind)
        if "example" in told:
            assert _still(answer.json()) == _still(told["example"]), path
        asked.add(path)
    assert {"/rollout", "/experiment", "/v2", "/docs", "/metrics"} <= asked


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_rows_of_the_example_come_as_tables_too(client, document, kind):
    content = document["paths"]["/predict_batch"]["post"]["requestBody"]["content"]
    table, out = pa.Table.from_pylist(content["application/json"]["example"]), None
    assert kind in content
    out = io.BytesIO()
    if kind == PARQUET:
        pq.write_table(table, out)
    else:
        with pa.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table)
    headers = {"content-type": kind}
    answer = client.post("/predict_batch", content=out.getvalue(), headers=headers)
    assert answer.status_code == 200


def test_every_address_and_method_of_the_service_is_in_it(document):
    paths = {path: {m.upper() for m in ms} for path, ms in document["paths"].items()}
    served = {path: set(methods) for path, methods in ENDPOINTS.items() if path != "/"}
    assert served.items() <= paths.items()
    assert {
        path for path in set(paths) - set(served) if not path.startswith("/v2")
    } == (set())


def test_every_reference_leads_somewhere_and_no_shape_is_left_over(document):
    text = json.dumps(document)
    for kind in ("schemas", "responses"):
        named = {part.split('"')[0] for part in text.split(f"#/components/{kind}/")[1:]}
        assert named <= set(document["components"][kind])
        if kind == "schemas":
            assert set(document["components"][kind]) <= named


@pytest.mark.parametrize("given", REFUSED)
def test_refusals_have_the_shape_that_the_document_gives_them(client, document, given):
    path, status = given
    body = REFUSED[given]
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post(path, content=sent)
    assert answer.status_code == status
    name = path.replace("tiny", "{name}").replace("other", "{name}")
    reference = document["paths"][name]["post"]["responses"][str(status)]["$ref"]
    response = document["components"]["responses"][reference.split("/")[-1]]
    shape = response["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
    schema = document["components"]["schemas"][shape]
    assert set(answer.json()) == set(schema["required"]) == set(schema["properties"])


def test_the_refusal_that_it_shows_is_a_true_one(client, document):
    shown = document["components"]["responses"]["Refused422"]["content"]
    shown = shown["application/json"]["example"]
    row = client.get("/example").json()
    told = client.post("/predict", json=row | {"tenure_months": []}).json()
    assert _still(told) == _still(shown)


def test_every_example_has_the_shape_that_it_is_an_example_of(document):
    resource = DRAFT202012.create_resource(document)
    registry = Registry().with_resource("urn:document", resource)
    checked = 0
    parts = [document["components"]["responses"], document["paths"]]
    for found in _contents(parts):
        if "example" in found and found["schema"].get("type") != "string":
            schema = json.dumps(found["schema"]).replace('"#/', '"urn:document#/')
            validator = Draft202012Validator(json.loads(schema), registry=registry)
            validator.validate(found["example"])
            checked += 1
    assert checked == 36


def _contents(value):
    """Yield every schema that may have an example."""
    if isinstance(value, list):
        for part in value:
            yield from _contents(part)
    if isinstance(value, dict):
        if isinstance(value.get("schema"), dict):
            yield value
        for part in value.values():
            yield from _contents(part)


def test_each_feature_is_described(document):
    customer = document["components"]["schemas"]["Customer"]
    assert customer["required"] == ["tenure_months", "monthly_charge", "plan"]
    assert customer["additionalProperties"] is False
    tenure = customer["properties"]["tenure_months"]
    assert tenure["x-unit"] == "months"
    assert tenure["anyOf"][0] == {"maximum": 120, "minimum": 0, "type": "number"}
    plan = customer["properties"]["plan"]
    assert plan["x-known-categories"] == ["basic", "plus", "premium"]


def test_it_needs_no_key_and_says_what_does(app, document):
    client = client_of(app)
    del client.headers["X-API-Key"]
    assert client.get("/docs.json").json()["info"] == document["info"]
    for method, path, operation in _operations(document):
        status = client.request(method, path).status_code
        shut = status in (401, 403) and path not in (HOOK, RETRAIN)
        assert shut == ("security" not in operation), path


def test_it_is_made_once_for_a_model(client, monkeypatch):
    pages = {client.get("/docs.json").content}
    monkeypatch.delattr("churn_pipeline.serving.openapi.document.openapi")
    pages |= {client.get("/docs.json").content for _ in range(2)}
    assert len(pages) == 1

"""The protocol's REST form answers as `/predict` does, and refuses in its own shape."""

import json
import struct

import pytest

from tests.factories import tiny_artifact, tiny_columns
from tests.serving.apps import app_of, client_of

GOOD = {"tenure_months": 3.0, "monthly_charge": 20.5, "plan": "basic"}
KINDS = {"tenure_months": "FP64", "monthly_charge": "FP64", "plan": "BYTES"}
INFER = "/v2/models/tiny/infer"


@pytest.fixture(scope="module")
def app():
    return app_of(tiny_artifact())


@pytest.fixture(scope="module")
def client(app):
    return client_of(app)


def _body(**columns):
    inputs = [
        {"name": name, "datatype": KINDS.get(name, "BYTES"), "shape": [len(values)]}
        | {"data": values}
        for name, values in columns.items()
    ]
    return {"inputs": inputs}


def _one(**others):
    return _body(**{name: [value] for name, value in (GOOD | others).items()})


def _outputs(answer):
    return {output["name"]: output["data"] for output in answer.json()["outputs"]}


def test_one_customer_is_answered_as_by_predict_to_the_bit(client):
    told = client.post("/predict", json=GOOD | {"customer_id": "C-1"}).json()
    names = ("churn_probability", "decision", "kept_aside", "threshold")
    names += ("model_version", "variant")
    answer = client.post(INFER, json=_one(customer_id="C-1") | {"id": "shop-1"})
    assert _outputs(answer) == {name: [told[name]] for name in names}
    assert answer.json()["id"] == "shop-1"
    assert answer.json()["parameters"] == {"request_id": "shop-1"}
    assert answer.headers["x-request-id"] == "shop-1"


def test_a_thousand_rows_are_answered_as_by_predict_batch_to_the_bit(client):
    columns = tiny_columns(1000, seed=4)
    rows = [dict(zip(columns, row)) for row in zip(*columns.values(), strict=True)]
    told = client.post("/predict_batch", json=rows).json()["predictions"]
    found = _outputs(client.post(INFER, json=_body(**columns)))
    assert found["churn_probability"] == [row["churn_probability"] for row in told]
    assert found["decision"] == [row["decision"] for row in told]


def test_what_is_missing_is_nan_or_the_empty_text(client):
    null = GOOD | {"monthly_charge": None, "plan": None}
    told = client.post("/predict", json=null).json()["churn_probability"]
    body = _one(plan="")
    body["inputs"][1] |= {"parameters": {"binary_data_size": 8}}
    del body["inputs"][1]["data"]
    head = client.build_request("POST", INFER, json=body).content
    headers = {"Inference-Header-Content-Length": str(len(head))}
    raw = struct.pack("<d", float("nan"))
    answer = client.post(INFER, content=head + raw, headers=headers)
    assert _outputs(answer)["churn_probability"] == [told]


def test_only_the_outputs_asked_for_come(client):
    body = _one() | {"outputs": [{"name": "decision"}]}
    assert list(_outputs(client.post(INFER, json=body))) == ["decision"]


def test_metadata_names_every_feature_of_the_manifest(client):
    told = client.get("/v2/models/tiny").json()
    kinds = {given["name"]: given["datatype"] for given in told["inputs"]}
    assert kinds == KINDS | {"customer_id": "BYTES"}
    assert told["versions"] == [tiny_artifact().manifest.version]
    assert told["properties"]["missing_number"] == "NaN"


def test_server_and_models_say_that_they_are_ready(client):
    version = tiny_artifact().manifest.version
    assert client.get("/v2").json()["name"] == "churn"
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    for path in ("tiny", f"tiny/versions/{version}"):
        assert client.get(f"/v2/models/{path}/ready").json()["ready"] is True


def _named(body, name, **change):
    next(given for given in body["inputs"] if given["name"] == name).update(change)
    return body


@pytest.mark.parametrize(
    ("body", "status", "field", "told"),
    [
        (_body(tenure_months=[3.0], plan=["basic"]), 422, "monthly_charge", "no such"),
        (_one(tenure_months=500.0), 422, "tenure_months", "from 0 to 120"),
        (_one(plans="basic"), 422, "plans", "is it plan"),
        (_named(_one(), "plan", datatype="FP64"), 422, "plan", "datatype BYTES"),
        (_named(_one(), "tenure_months", datatype="INT64"), 422, "tenure_months", "FP"),
        (_named(_one(), "plan", shape=[2]), 422, "plan", "shape [1]"),
        (_named(_one(), "plan", data=[]), 422, "plan", "0 values"),
        (_named(_one(), "tenure_months", shape=[10_001]), 413, "tenure_months", "10,0"),
        (_one() | {"outputs": [{"name": "p"}]}, 422, "p", "churn_probability"),
        ({"inputs": []}, 422, "", "no inputs"),
        ({"rows": []}, 400, "", "inputs"),
    ],
)
def test_a_bad_request_is_told_what_was_expected(client, body, status, field, told):
    answer = client.post(INFER, json=body)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert told in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/v2/models/other", "the model tiny"),
        ("/v2/models/tiny/versions/9", "2026-01-01"),
        ("/v2/models", "as /docs lists them"),
    ],
)
def test_an_unknown_model_version_or_address_is_404(client, path, told):
    answer = client.get(path)
    assert answer.status_code == 404
    assert told in answer.json()["error"]


def test_a_wrong_key_is_401(app):
    answer = client_of(app).get("/v2/health/ready", headers={"X-API-Key": "wrong"})
    assert answer.status_code == 401
    assert "X-API-Key" in answer.json()["error"]


def test_raw_texts_are_read_no_further_than_the_rows_that_are_asked_for(client):
    texts = b"\0" * 4 * 1_000
    body = _one()
    given = next(one for one in body["inputs"] if one["name"] == "plan")
    given["parameters"] = {"binary_data_size": len(texts)}
    del given["data"]
    head = json.dumps(body).encode()
    length = {"inference-header-content-length": str(len(head))}
    refused = client.post(INFER, content=head + texts, headers=length)
    (problem,) = refused.json()["problems"]
    assert problem["expected"] == "1 values, as its shape says"
    assert problem["received"] == "more"

"""The application lets in who has a key, and tells the others why not, in JSON."""

import asyncio
import json

import pytest
from starlette.testclient import TestClient

from churn_pipeline.serving.access.browser import SECURITY_HEADERS, Cors
from churn_pipeline.serving.access.keys import add_key, revoke_key
from churn_pipeline.serving.access.roles import OPEN, Role, roles_of
from churn_pipeline.serving.endpoints import ENDPOINTS
from churn_pipeline.serving.refreshing import refresh
from tests.serving.apps import GOOD, app_of


@pytest.fixture
def app(artifact):
    """An application without a key."""
    made = app_of(artifact)
    (made.folder / "keys.json").unlink()
    refresh(made.parts)
    yield made
    made.parts.close()


@pytest.fixture
def folder(app):
    """Its folder."""
    return app.folder


@pytest.fixture
def client(app):
    """A client without a key."""
    return TestClient(app)


def _new_key(app, folder, role=Role.PREDICT, name="test"):
    key = add_key(folder / "keys.json", name, role)
    refresh(app.parts)
    return {"X-API-Key": key}


def _codes(client, **given):
    """Return the code of each endpoint's refusal; None where it did not refuse us."""
    found = {}
    for path, methods in ENDPOINTS.items():
        for method in methods:
            answer = client.request(method, path, **given)
            keys = answer.status_code in (401, 403)
            found[path] = answer.json()["code"] if keys else None
    return found


def test_where_no_key_was_made_every_endpoint_but_the_open_ones_is_shut(client):
    for given in ({}, {"headers": {"X-API-Key": "ck_" + "A" * 43}}):
        shut = {path for path, code in _codes(client, **given).items() if code}
        assert shut >= set(ENDPOINTS) - OPEN
        assert not {"/docs.json", "/livez", "/readyz"} & shut
    assert client.get("/nothing").status_code == 401


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_to_its_endpoints_and_to_no_other(client, app, folder, role):
    key = _new_key(app, folder, role)
    found = _codes(client, headers=key)
    for path in set(ENDPOINTS) - OPEN:
        assert found[path] == (None if role in roles_of(path) else "forbidden"), path


def test_a_refusal_is_json_as_any_other(client):
    answer = client.post("/predict", json=GOOD)
    assert answer.status_code == 401
    told = answer.json()
    assert told["code"] == "missing_key"
    assert told["expected"] == "a valid key in the header X-API-Key"
    assert told["problems"][0]["code"] == "missing_key"
    assert answer.headers["www-authenticate"] == 'ApiKey header="X-API-Key"'


def test_a_body_of_a_stranger_is_not_read(app):
    sent = []

    async def receive():
        raise AssertionError("read")

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": []}
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 401


def test_two_keys_in_one_request_are_refused_though_both_are_valid(client, app, folder):
    key = _new_key(app, folder)["X-API-Key"]
    answer = client.post("/predict", json=GOOD, headers=[("x-api-key", key)] * 2)
    assert (answer.status_code, answer.json()["code"]) == (401, "repeated_key")


def test_a_key_revoked_while_serving_is_refused_after_the_next_refresh(
    client, app, folder
):
    key = _new_key(app, folder)
    assert client.post("/predict", json=GOOD, headers=key).status_code == 200
    revoke_key(folder / "keys.json", "test")
    refresh(app.parts)
    answer = client.post("/predict", json=GOOD, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (401, "revoked_key")


def test_over_its_limit_a_key_is_told_when_to_ask_again(client, app, folder):
    key = add_key(folder / "keys.json", "slow", Role.PREDICT, rate="2/hour")
    refresh(app.parts)
    told = [
        client.post("/predict", json=GOOD, headers={"X-API-Key": key}) for _ in range(3)
    ]
    assert [answer.status_code for answer in told] == [200, 200, 429]
    assert 1 <= int(told[2].headers["retry-after"]) <= 7200
    assert told[2].json()["code"] == "rate_limited"


def test_who_has_a_key_is_told_that_an_address_is_none(client, app, folder):
    key = _new_key(app, folder)
    assert client.get("/nothing", headers=key).status_code == 404


def test_the_sender_of_a_refused_request_is_written_down(client, folder):
    client.post("/predict", json=GOOD, headers={"User-Agent": "curl/8"})
    (line,) = (folder / "security.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["kind"], told["agent"]) == ("unauthenticated", "curl/8")
    assert told["address"] == "testclient"


def test_every_answer_has_the_security_headers(client, app, folder):
    key = _new_key(app, folder)
    for path in ("/livez", "/docs.json", "/nothing", "/example", "/metrics"):
        for given in ({}, key):
            headers = client.get(path, headers=given).headers
            for name, value in SECURITY_HEADERS:
                assert headers[name.decode()] == value.decode()


def test_a_page_of_another_origin_is_told_nothing_by_default(client):
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    for answer in (
        client.options("/predict", headers=asked),
        client.get("/livez", headers=asked),
    ):
        assert not [name for name in answer.headers if "access-control" in name]


def test_a_page_of_a_named_origin_may_ask_with_a_key(client, app, folder):
    app.parts.cors = Cors(["https://a.example"])
    key, origin = _new_key(app, folder), {"Origin": "https://a.example"}
    before = client.options("/predict", headers=origin)
    assert before.status_code == 204
    assert "x-api-key" in before.headers["access-control-allow-headers"]
    for given in ({}, key):
        answer = client.post("/predict", json=GOOD, headers=origin | given)
        assert answer.headers["access-control-allow-origin"] == "https://a.example"
    other = client.options("/predict", headers={"Origin": "https://b.example"})
    assert "access-control-allow-origin" not in other.headers


def test_a_broken_key_file_shows_in_the_metrics(client, app, folder):
    key = _new_key(app, folder, Role.OPERATE)
    assert 'churn_stale{part="keys"} 0' in client.get("/metrics", headers=key).text
    (folder / "keys.json").write_text("{")
    refresh(app.parts)
    assert 'churn_stale{part="keys"} 1' in client.get("/metrics", headers=key).text


def test_what_waits_is_written_before_the_server_hears_that_all_has_ended(artifact):
    app = app_of(artifact)
    client = TestClient(app)
    for _ in range(7):
        client.get("/example")
    parts = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    last = {}

    async def receive():
        return parts.pop(0)

    async def send(message):
        text = (app.folder / "security.jsonl").read_text()
        last[message["type"]] = json.loads(text.splitlines()[-1])["kind"]

    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert last == {
        "lifespan.startup.complete": "unauthenticated",
        "lifespan.shutdown.complete": "suppressed",
    }

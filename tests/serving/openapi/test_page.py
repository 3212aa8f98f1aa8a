"""The page of the contract stands on its own, and shows what the document says."""

import base64
import hashlib
import re

import pytest
from starlette.testclient import TestClient

from churn_pipeline.serving.access.browser import SECURITY_HEADERS
from churn_pipeline.serving.openapi.page import page_of
from tests.factories import tiny_artifact
from tests.serving.apps import app_of, client_of


@pytest.fixture(scope="module")
def client():
    made = client_of(app_of(tiny_artifact()))
    del made.headers["X-API-Key"]
    return made


@pytest.fixture(scope="module")
def answer(client):
    return client.get("/docs")


def test_who_has_the_address_of_the_service_alone_is_sent_to_the_page(client, answer):
    found = client.get("/")
    assert (found.url.path, found.text) == ("/docs", answer.text)


def test_it_fetches_nothing_from_elsewhere(answer):
    assert not re.findall(r'(?:src|href)="(?!#|docs\.json)[^"]*"', answer.text)
    assert not re.findall(r"url\(|@import|https?://", answer.text)


def test_its_policy_lets_its_own_style_and_script_run_and_no_other(answer):
    policy = answer.headers["content-security-policy"]
    for kind in ("style", "script"):
        (text,) = re.findall(f"<{kind}>(.*?)</{kind}>", answer.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; frame-ancestors 'none'; ")
    assert "unsafe" not in policy
    assert not re.findall(r' (?:style|on\w+)="', answer.text)


def test_it_has_the_other_security_headers_once(answer):
    names = [name for name, _ in answer.headers.multi_items()]
    assert len(names) == len(set(names))
    assert {name.decode() for name, _ in SECURITY_HEADERS} <= set(names)


def test_every_address_example_and_shape_of_the_document_is_on_it(client, answer):
    document = client.get("/docs.json").json()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert f'<details id="{operation["operationId"]}">' in answer.text
        assert f"<code>{path}</code>" in answer.text
    for name in document["components"]["schemas"]:
        assert f'<details id="schema-{name}">' in answer.text
    assert "customer_id,tenure_months,monthly_charge,plan" in answer.text
    assert "known: basic, plus, premium" in answer.text


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("localhost:3123", "localhost:3123"),
        ("churn.example", "churn.example"),
        ("[::1]:3000", "[::1]:3000"),
        ("<script>", "localhost:80"),
    ],
)
def test_its_commands_ask_where_the_page_was_asked_for(client, host, shown):
    page = client.get("/docs", headers={"Host": host}).text
    command = f"curl -s {shown}/predict \\\n  -H &#34;X-API-Key: $KEY&#34;"
    assert command in page
    assert "{address}" not in page


def test_its_commands_speak_tls_where_the_service_does():
    over_tls = TestClient(app_of(tiny_artifact()), base_url="https://churn.example")
    assert "curl -s https://churn.example/livez" in over_tls.get("/docs").text


def test_what_a_data_set_calls_things_is_no_markup(client):
    document = client.get("/docs.json").json()
    document["info"]["title"] = "<script>alert(1)</script>"
    properties = document["components"]["schemas"]["Customer"]["properties"]
    properties["plan"]["x-known-categories"] = ["<b>basic</b>"]
    properties["<img>"] = {"type": "string", "description": "`<i>`"}
    page = page_of(document)
    for markup in ("<script>alert", "<b>basic", "<img>", "<i>"):
        assert markup not in page

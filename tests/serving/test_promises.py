"""The service keeps what its OpenAPI page promises, asked by schemathesis."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from churn_pipeline.serving.bodies import KINDS
from churn_pipeline.serving.endpoints import ENDPOINTS
from tests.factories import tiny_artifact
from tests.serving.apps import app_of, client_of
from tests.serving.online.stores import sqlite_store

ANN = {"tenure_months": 3.0, "monthly_charge": 20.5, "plan": "basic"}
NOT_PROMISED = {"/", "/docs.json"}
"""The way to the page, and the page itself, which schemathesis leaves out."""
VERSION = "/v2/models/{name}/versions/{version}"
PROTOCOL = {
    *("GET /v2", "GET /v2/health/live", "GET /v2/health/ready"),
    *("GET /v2/models/{name}", "GET /v2/models/{name}/ready"),
    *("POST /v2/models/{name}/infer", f"POST {VERSION}/infer"),
    *(f"GET {VERSION}", f"GET {VERSION}/ready"),
}
STATE = {"PUT /rollout", *(label for label in PROTOCOL if label.endswith("/infer"))}
"""What is right by the page and refused, since another state is in force, or the
tensors are no features of the model; tables are likewise, since the page calls them
bytes."""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    artifact = tiny_artifact()
    path = tmp_path_factory.mktemp("online") / "online.db"
    place = sqlite_store(path, {"ann": ANN}, artifact.manifest.dataset)
    return app_of(artifact, CHURN_ONLINE_STORE=place)


@pytest.fixture(scope="module")
def page(app):
    for kind in KINDS[1:]:
        schemathesis.serializer(kind)(_as_it_is)
    return schemathesis.openapi.from_asgi("/docs.json", app)


def _as_it_is(context, value):
    """A table is sent as the bytes that were made up for it."""
    return getattr(value, "data", value)


def _whole(value):
    """Return a value with 7.0 as 7: to JSON Schema that is an integer, not to us."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [_whole(part) for part in value]
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    return value


def test_the_page_has_every_endpoint(page):
    told = {result.ok().label for result in page.get_all_operations()}
    asked = {f"{m} {p}" for p, methods in ENDPOINTS.items() for m in methods}
    promised = {a for a in asked if a.split()[1] not in NOT_PROMISED}
    assert told == promised | PROTOCOL


LABELS = [
    f"{method} {path}"
    for path, methods in ENDPOINTS.items()
    for method in methods
    if path not in NOT_PROMISED
] + sorted(PROTOCOL)


@pytest.mark.parametrize("label", LABELS)
def test_every_answer_is_one_that_the_page_promises(app, page, label):
    operation = next(
        result.ok()
        for result in page.get_all_operations()
        if result.ok().label == label
    )
    statuses = []

    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case):
        if case.media_type == "application/json":
            case.body = _whole(case.body)
        answer = case.call(headers={"X-API-Key": app.key})
        says_less = label in STATE or case.media_type in KINDS[1:]
        without = [positive_data_acceptance] if says_less else []
        case.validate_response(answer, excluded_checks=without)
        statuses.append(answer.status_code)
        if answer.status_code >= 400:
            assert {"code", "field", "expected", "received"} <= answer.json().keys()

    ask()
    assert max(statuses) < 500
    rows = client_of(app).post("/predict", json=ANN).json()
    expected = app.parts.models.champion.artifact.predict(
        {n: [v] for n, v in ANN.items()}
    )
    assert rows["churn_probability"] == pytest.approx(expected[0], abs=1e-12)

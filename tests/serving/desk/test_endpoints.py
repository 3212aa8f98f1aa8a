"""Who may look at what, and that it is written down first."""

import json

import pytest

from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.place import KEYS
from tests.serving.apps import GOOD
from tests.serving.desk.files import VERSION

CALLS, FILE, CUSTOMER = "/desk/calls", "/desk/calls.csv", "/desk/customer"


def _with_role(app, role):
    key = add_key(app.folder / KEYS, f"some-{role}", role)
    app.parts.access.refresh()
    return {"X-API-Key": key}


@pytest.mark.parametrize("path", ["/desk/running", CALLS, FILE, CUSTOMER])
def test_data_need_a_key(client, path):
    del client.headers["X-API-Key"]
    method = "POST" if path == CUSTOMER else "GET"
    assert client.request(method, path).status_code == 401


def test_who_runs_the_system_sees_no_customers(app, client, outputs):
    operate = _with_role(app, Role.OPERATE)
    assert client.get("/desk/running", headers=operate).json()["customers"] is False
    assert client.get("/desk/running").json()["customers"] is True
    for path in (CALLS, FILE):
        assert client.get(path, headers=operate).status_code == 403
    asked = client.post(CUSTOMER, json={"customer_id": "C-2"}, headers=operate)
    assert asked.status_code == 403


def test_the_desk_may_look_and_not_ask_the_model(app, client, outputs):
    desk = _with_role(app, Role.DESK)
    for path in ("/desk/running", CALLS, FILE):
        assert client.get(path, headers=desk).status_code == 200
    assert client.post("/predict", json=GOOD, headers=desk).status_code == 403
    assert client.get("/metrics", headers=desk).status_code == 403


def test_who_looks_at_customers_is_written_down_without_their_name(
    app, client, outputs
):
    client.post(CUSTOMER, json={"customer_id": "C-2"})
    client.get(FILE)
    lines = (app.folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    viewed, exported = told[-2:]
    assert (viewed["kind"], exported["kind"]) == ("customer_viewed", "calls_exported")
    assert viewed["name"] == "tests"
    assert "C-2" not in "".join(lines)
    assert VERSION in exported["reason"]


def test_what_cannot_be_written_down_is_not_shown(app, client, outputs, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr(app.parts.access.audit, "write", full)
    assert client.post(CUSTOMER, json={"customer_id": "C-2"}).status_code == 500
    assert client.get(FILE).status_code == 500

"""One customer: answers, labels and lists, under pseudonyms too."""

import pytest

from churn_pipeline.serving.desk import customer
from churn_pipeline.serving.refreshing import refresh
from tests.factories import tiny_artifact
from tests.serving.apps import GOOD, app_of, client_of
from tests.serving.desk.files import ASSIGNED, VERSION, leave_campaign, leave_list

CUSTOMER = "/desk/customer"


def test_a_customers_history_has_answers_labels_and_calls(app, client, outputs):
    answered = client.post("/predict", json={**GOOD, "customer_id": "C-2"}).json()
    client.post("/predict", json={**GOOD, "customer_id": "C-3"})
    app.parts.journal.flush()
    by_request = {"request_id": answered["request_id"], "churned": True}
    by_day = {"customer_id": "C-2", "observation_date": "2026-02-01", "churned": False}
    client.post("/feedback", json=[by_day, by_request])
    told = client.post(CUSTOMER, json={"customer_id": "C-2"}).json()
    (said,) = told["answers"]
    assert said["probability"] == answered["churn_probability"]
    assert said["request_id"] == answered["request_id"]
    assert [label["churned"] for label in told["labels"]] == [True, False]
    assert told["labels"][1]["observation_date"] == "2026-02-01"
    assert told["today"]["rank"] == 1
    assert told["lists"] == [
        {
            "written": VERSION,
            "observation_date": "2026-02-01",
            "campaign": "spring",
            "arm": "call",
            "rank": 1,
            "churn_probability": 0.9,
            "expected_profit": 30.0,
        }
    ]


def test_who_is_kept_aside_is_told_as_such(client, outputs):
    told = client.post(CUSTOMER, json={"customer_id": "C-9"}).json()
    assert told["today"] is None
    assert [(one["arm"], one["rank"]) for one in told["lists"]] == [("control", None)]


def test_the_page_says_of_a_customer_what_the_service_answers(client, app, outputs):
    leave_campaign(outputs, "fall", 0.5)
    refresh(app.parts)
    told = {}
    for customer_id in ("C-2", "C-9", *(f"unlisted-{i}" for i in range(20))):
        answer = client.post("/predict", json={**GOOD, "customer_id": customer_id})
        page = client.post(CUSTOMER, json={"customer_id": customer_id}).json()
        assert page["campaign"] == "fall"
        assert page["kept_aside"] == answer.json()["kept_aside"]
        told[customer_id] = page["kept_aside"], [o["arm"] for o in page["lists"]]
    assert told["C-9"] == (False, ["control"])  # of spring, not of fall
    assert (True, []) in told.values()  # never listed


def test_of_customers_with_alike_names_each_has_their_own_rows(client, outputs):
    alike = ASSIGNED.assign(customer_id=["17", "7"])
    leave_list(outputs, "2026-02-02T06.00.00.000Z", assigned=alike)
    numbers = ASSIGNED.assign(customer_id=[7, 117])
    leave_list(outputs, "2026-02-03T06.00.00.000Z", assigned=numbers)
    told = client.post(CUSTOMER, json={"customer_id": "7"}).json()
    assert [(one["written"][:10], one["arm"]) for one in told["lists"]] == [
        ("2026-02-03", "call"),
        ("2026-02-02", "control"),
    ]
    assert told["looked_through"] == 3


def test_no_further_list_is_looked_through_when_the_time_is_up(
    client, outputs, monkeypatch
):
    leave_list(outputs, "2026-02-02T06.00.00.000Z")
    monkeypatch.setattr(customer, "SECONDS", 0.0)
    told = client.post(CUSTOMER, json={"customer_id": "C-9"}).json()
    assert [one["written"][:10] for one in told["lists"]] == ["2026-02-02"]
    assert told["looked_through"] == 1


def test_a_stranger_has_no_history(client, outputs):
    told = client.post(CUSTOMER, json={"customer_id": "nobody"}).json()
    assert told == {
        "customer_id": "nobody",
        "kept_aside": False,
        "campaign": None,
        "today": None,
        "answers": [],
        "labels": [],
        "lists": [],
        "looked_through": 1,
    }


def test_under_pseudonyms_a_customer_is_found_by_the_name_that_people_know(
    tmp_path, outputs
):
    app = app_of(tiny_artifact(), CHURN_PSEUDONYM_KEY="0123456789abcdef")
    client = client_of(app)
    client.post("/predict", json={**GOOD, "customer_id": "C-2"})
    app.parts.journal.flush()
    told = client.post(CUSTOMER, json={"customer_id": "C-2"}).json()
    assert len(told["answers"]) == 1


@pytest.mark.parametrize("body", [{}, {"customer_id": ""}, {"customer_id": "\0"}, []])
def test_a_customer_that_is_none_is_refused(client, body):
    assert client.post(CUSTOMER, json=body).status_code == 422

"""Customers of different value: what is asked, what is answered, what is refused."""

import json
from dataclasses import replace

import pytest

from churn_pipeline.evaluation.decision import CustomerValue
from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.openapi.examples import example_rows
from tests.factories import TINY_DECISION, tiny_artifact
from tests.serving.apps import GOOD, client_of


def _client(column, times=1.0):
    value = CustomerValue(column, otherwise=10, times=times)
    decision = replace(TINY_DECISION, customer_value=value)
    return client_of(tiny_artifact().restated(decision=decision))


@pytest.fixture(scope="module")
def by_charge():
    return _client("monthly_charge", times=12)


@pytest.fixture(scope="module")
def by_own_column():
    return _client("margin")


def test_each_customer_has_a_threshold_and_an_expected_profit(by_charge):
    answer = by_charge.post("/predict", json=GOOD).json()
    probability = answer["churn_probability"]
    assert answer["threshold"] == pytest.approx(4 / (12 * 20.5))
    assert answer["expected_profit"] == pytest.approx(12 * 20.5 * probability - 4)
    assert answer["decision"] == "call"
    assert answer["certainty"] in {"leaves", "stays", "not_sure"}


def test_the_log_has_what_each_customer_is_worth():
    client = _client("monthly_charge", times=12)
    rows = [GOOD | {"monthly_charge": charge} for charge in (20.5, None)]
    for row in rows:
        assert client.post("/predict", json=row).status_code == 200
    assert client.post("/predict_batch", json=rows).status_code == 200
    parts = client.app.parts
    assert parts.journal.flush()
    database = connect(f"sqlite:///{client.app.folder / 'journal.db'}")
    asked = "SELECT value FROM prediction ORDER BY request, line"
    found = [value for (value,) in database.run(asked)]
    database.close()
    parts.close()
    assert found == [246.0, None, 246.0, None]


def test_where_the_value_is_not_known_the_usual_one_counts(by_charge):
    answer = by_charge.post("/predict", json=GOOD | {"monthly_charge": None}).json()
    assert answer["threshold"] == 0.4


def test_who_is_worth_nothing_is_never_called_and_has_no_threshold(by_own_column):
    answer = by_own_column.post("/predict", json=GOOD | {"margin": 0}).json()
    assert (answer["threshold"], answer["decision"]) == (None, "no_call")
    assert answer["expected_profit"] == -4.0


def test_a_column_that_is_no_feature_is_a_field_of_the_request(by_own_column):
    rows = [GOOD | {"margin": margin} for margin in (100, 10, None)]
    answers = by_own_column.post("/predict_batch", json=rows).json()
    one = [row["threshold"] for row in answers["predictions"]]
    assert one == pytest.approx([0.04, 0.4, 0.4])
    same = {row["churn_probability"] for row in answers["predictions"]}
    assert len(same) == 1
    assert answers["warnings"] == {"margin": {"missing": 1}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "a number from 0, or null where not known"),
        ({"margin": -1}, "a number from 0"),
        ({"margin": "much"}, "a number from 0"),
    ],
)
def test_a_value_that_is_none_is_refused(by_own_column, changes, expected):
    refused = by_own_column.post("/predict", json=GOOD | changes)
    assert refused.status_code == 422
    assert refused.json()["field"] == "margin"
    assert expected in refused.json()["expected"]


def test_the_example_can_be_asked(by_own_column):
    body = by_own_column.get("/example").json()
    assert body["margin"] is None
    assert by_own_column.post("/predict", json=body).status_code == 200
    page = by_own_column.get("/docs.json").json()
    assert "margin" in json.dumps(page["components"]["schemas"]["Customer"])
    assert len(example_rows(by_own_column.app.parts.models.champion)) == 2

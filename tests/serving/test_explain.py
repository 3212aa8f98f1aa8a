"""`/explain` says why, of one customer or of several, as the artifact does."""

import pytest

from tests.serving.apps import GOOD


def test_reasons_are_given_where_they_are_asked_for(client, artifact):
    answer = client.post("/explain?reasons=2", json=GOOD).json()
    (expected,) = artifact.reasons({n: [v] for n, v in GOOD.items()}, at_most=2)
    assert answer["reasons"] == [reason.model_dump() for reason in expected]
    assert answer["reasons"][0]["feature"] == "tenure_months"
    assert answer["reasons"][0]["direction"] == "raises"
    plain = client.post("/predict", json=GOOD).json()
    assert plain["churn_probability"] == answer["churn_probability"]


def test_each_customer_of_a_batch_gets_the_reasons_of_its_own(client):
    rows = [GOOD, GOOD | {"tenure_months": 71}]
    answer = client.post("/explain?reasons=1", json=rows).json()
    found = [row["reasons"][0]["direction"] for row in answer["predictions"]]
    assert found == ["raises", "lowers"]
    alone = client.post("/explain?reasons=1", json=rows[1]).json()
    assert answer["predictions"][1]["reasons"] == alone["reasons"]


def test_three_reasons_are_given_where_the_address_does_not_say(client):
    said = client.post("/explain?reasons=3", json=GOOD).json()["reasons"]
    assert client.post("/explain", json=GOOD).json()["reasons"] == said


@pytest.mark.parametrize("path", ["/predict", "/predict_batch"])
def test_predictions_have_no_reasons_and_say_where_there_are_some(client, path):
    refused = client.post(f"{path}?reasons=1", json=GOOD)
    assert refused.status_code == 422
    assert "reasons are given by /explain" in refused.json()["message"]


@pytest.mark.parametrize(
    ("query", "code", "told"),
    [
        ("reasons=11", "invalid_value", "reasons: expected an integer from 1 to 10"),
        ("reasons=0", "invalid_value", "got '0'"),
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
def test_another_question_is_refused(client, query, code, told):
    answer = client.post(f"/explain?{query}", json=GOOD)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert told in answer.json()["message"]
    assert len(answer.content) < 2000


def test_a_batch_with_reasons_has_a_limit_of_its_own(client):
    assert client.post("/explain?reasons=1", json=[GOOD] * 100).is_success
    refused = client.post("/explain?reasons=1", json=[GOOD] * 101)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_many_rows")
    assert "a list of 1 to 100 customers" in refused.json()["message"]


def test_the_openapi_page_says_how_to_ask_for_reasons(client):
    document = client.get("/docs.json").json()
    (parameter,) = document["paths"]["/explain"]["post"]["parameters"]
    assert (parameter["name"], parameter["in"]) == ("reasons", "query")
    assert parameter["schema"] == {"type": "integer", "minimum": 1, "maximum": 10}
    assert {"feature", "value", "typical", "contribution"} <= set(
        document["components"]["schemas"]["Reason"]["properties"]
    )

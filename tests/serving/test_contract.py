"""The contract follows the manifest, and a refusal names the field."""

import json

import pytest

from churn_pipeline.feature import Feature
from churn_pipeline.serving.contract import MAX_ROWS, Contract
from churn_pipeline.serving.refusal import Refusal
from tests.factories import tiny_artifact
from tests.serving.apps import GOOD


@pytest.fixture(scope="module")
def contract():
    return Contract(tiny_artifact().manifest)


def _one(contract, **changes):
    return contract.read_one(json.dumps(GOOD | changes).encode())


def test_a_customer_becomes_columns(contract):
    request = _one(contract, customer_id="a")
    assert request.ids == ["a"]
    assert request.columns == {
        "tenure_months": [3.0],
        "monthly_charge": [20.5],
        "plan": ["basic"],
    }


def test_missing_and_unknown_values_are_taken_and_counted(contract):
    request = _one(contract, monthly_charge=None, plan="gold")
    assert contract.warnings(request) == {
        "monthly_charge": {"missing": 1},
        "plan": {"unknown_category": 1},
    }


def test_a_customer_without_faults_gets_no_warning(contract):
    assert contract.warnings(_one(contract)) == {}


@pytest.mark.parametrize(
    ("changes", "code", "expected", "received"),
    [
        ({"tenure_months": "3"}, "invalid_value", "from 0 to 120", "'3'"),
        ({"tenure_months": 121}, "out_of_range", "from 0 to 120", "121"),
        ({"tenure_months": True}, "invalid_value", "a number", "True"),
        ({"plan": 7}, "invalid_value", "text, or null", "7"),
        ({"plam": "x"}, "unknown_field", "is it plan?", "'x'"),
        ({"customer_id": 1.5}, "invalid_value", "text or an integer, at most", "1.5"),
        ({"monthly_charge": [1]}, "invalid_value", "a number", "list of 1"),
    ],
)
def test_a_wrong_value_is_refused_by_name(contract, changes, code, expected, received):
    (field,) = changes
    with pytest.raises(Refusal, match=f"^{field}: expected ") as caught:
        _one(contract, **changes)
    (problem,) = caught.value.problems
    assert (caught.value.status, problem.code) == (422, code)
    assert problem.field == field
    assert expected in problem.expected
    assert problem.received == received


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**4000])
def test_an_id_that_no_database_keeps_is_refused(contract, number):
    with pytest.raises(Refusal) as caught:
        _one(contract, customer_id=number)
    (_, problem) = caught.value.problems  # it is no text either
    assert (problem.code, problem.field) == ("out_of_range", "customer_id")
    assert "64 bits" in problem.expected
    assert _one(contract, customer_id=2**63 - 1).ids == [2**63 - 1]


def test_a_forgotten_field_is_refused(contract):
    with pytest.raises(Refusal, match=r"plan: expected text.* got no such field"):
        contract.read_one(b'{"tenure_months": 3, "monthly_charge": 1}')


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400"])
def test_numbers_that_are_none_are_refused(contract, number):
    body = json.dumps(GOOD).replace("20.5", number).encode()
    with pytest.raises(Refusal, match="monthly_charge: expected a number"):
        contract.read_one(body)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"tenure=3"])
def test_what_is_no_json_is_refused_as_such(contract, body):
    with pytest.raises(Refusal, match="expected JSON in UTF-8") as caught:
        contract.read_one(body)
    assert (caught.value.status, caught.value.problems[0].code) == (400, "invalid_json")


def test_a_batch_names_row_and_field(contract):
    rows = [GOOD, GOOD | {"plan": 1}, GOOD | {"tenure_months": -1}]
    with pytest.raises(Refusal) as caught:
        contract.read_many(json.dumps(rows).encode())
    found = [(problem.row, problem.field) for problem in caught.value.problems]
    assert found == [(1, "plan"), (2, "tenure_months")]


def test_a_million_faults_print_one_screen(contract):
    rows = [GOOD | {"plan": 1}] * 5000
    with pytest.raises(Refusal) as caught:
        contract.read_many(json.dumps(rows).encode())
    assert len(caught.value.problems) == 20


def test_no_more_than_20_of_many_unknown_fields_are_looked_at(contract, monkeypatch):
    looked_at = []
    monkeypatch.setattr(
        "churn_pipeline.serving.contract.get_close_matches",
        lambda name, *_, **__: looked_at.append(name) or [],
    )
    unknown = {f"unknown_{i}": 1 for i in range(5000)}
    with pytest.raises(Refusal, match=r"^unknown_0: expected only the fields"):
        _one(contract, **unknown)
    assert looked_at == list(unknown)[:20]


def test_reading_a_batch_stops_at_the_twentieth_problem(contract, monkeypatch):
    read = []
    customer = contract._customer
    monkeypatch.setattr(
        contract, "_customer", lambda row: read.append(row) or customer(row)
    )
    rows = [GOOD | {"plan": 1}] * 5000
    with pytest.raises(Refusal, match=r"^plan: expected text"):
        contract.read_many(json.dumps(rows).encode())
    assert len(read) == 20


def test_a_row_with_a_thousand_wrong_cells_names_20(contract):
    features = [Feature(name=f"cell_{i}", type="number") for i in range(1000)]
    manifest = tiny_artifact().manifest.model_copy(
        update={"features": tuple(features), "categories": {}}
    )
    row = {feature.name: "wrong" for feature in features}
    with pytest.raises(Refusal, match=r"^cell_0: ") as caught:
        Contract(manifest).read_one(json.dumps(row).encode())
    fields = [problem.field for problem in caught.value.problems]
    assert fields == [f"cell_{i}" for i in range(20)]


def test_a_long_name_of_a_field_is_shortened(contract):
    with pytest.raises(Refusal, match=r"^x{80}…: expected only") as caught:
        _one(contract, **{"x" * 200_000: 1})
    assert len(str(caught.value)) < 200


def test_a_field_without_a_name_is_an_unknown_field(contract):
    with pytest.raises(Refusal, match="expected only the fields of the contract"):
        _one(contract, **{"": 1})


@pytest.mark.parametrize(
    ("count", "status", "code"),
    [(0, 422, "no_rows"), (MAX_ROWS + 1, 413, "too_many_rows")],
)
def test_a_batch_has_1_to_10000_rows(contract, count, status, code):
    with pytest.raises(Refusal, match="a list of 1 to 10,000 customers") as caught:
        contract.read_many(json.dumps([GOOD] * count).encode())
    assert (caught.value.status, caught.value.problems[0].code) == (status, code)


def test_a_feature_may_be_called_like_a_method_of_pydantic():
    manifest = tiny_artifact().manifest
    names = ("copy", "model_fields", "_private name")
    features = tuple(
        feature.model_copy(update={"name": name})
        for feature, name in zip(manifest.features, names, strict=True)
    )
    renamed = manifest.model_copy(update={"features": features, "categories": {}})
    body = json.dumps(dict(zip(names, GOOD.values(), strict=True))).encode()
    assert Contract(renamed).read_one(body).columns["_private name"] == ["basic"]

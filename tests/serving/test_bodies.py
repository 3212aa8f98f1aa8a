"""A batch is the same in JSON, CSV, Parquet and as an Arrow stream."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from churn_pipeline.serving import bodies
from churn_pipeline.serving.bodies import ARROW, CSV, PARQUET
from tests.factories import tiny_columns

KINDS = (CSV, PARQUET, ARROW)


def _body(kind, columns):
    table, out = pa.table(columns), io.BytesIO()
    if kind == CSV:
        csv.write_csv(table, out)
    elif kind == PARQUET:
        pq.write_table(table, out)
    else:
        with pa.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table)
    return out.getvalue()


def _post(client, kind, columns):
    headers = {"content-type": kind}
    body = columns if isinstance(columns, bytes) else _body(kind, columns)
    return client.post("/predict_batch", content=body, headers=headers)


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_is_answered_as_json_is(client, kind):
    columns = tiny_columns(60, seed=5) | {"customer_id": [f"c{i}" for i in range(60)]}
    rows = [dict(zip(columns, row)) for row in zip(*columns.values(), strict=True)]
    expected = client.post("/predict_batch", json=rows).json()
    answer = _post(client, kind, columns).json()
    assert answer["predictions"] == expected["predictions"]
    assert answer["warnings"] == expected["warnings"]


def test_a_table_that_says_it_unpacks_to_too_much_is_refused(client, monkeypatch):
    columns = tiny_columns(60, seed=5)
    monkeypatch.setattr(bodies, "MAX_UNPACKED", 500)
    refused = _post(client, PARQUET, columns)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert refused.json()["expected"] == "at most 500 bytes unpacked"


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_cell_is_refused_by_row_and_field(client, kind):
    columns = {"tenure_months": [3.0, 900.0], "monthly_charge": [1.0, 2.0]}
    columns["plan"] = ["basic", "plus"]
    refused = _post(client, kind, columns)
    (problem,) = refused.json()["problems"]
    assert refused.status_code == 422
    assert (problem["row"], problem["field"]) == (1, "tenure_months")
    assert (problem["code"], problem["received"]) == ("out_of_range", "900.0")


def test_text_in_place_of_a_number_is_refused_by_row_and_field(client):
    body = b"tenure_months,monthly_charge,plan\n3,1,basic\nthree,1,basic\n"
    (problem,) = _post(client, CSV, body).json()["problems"]
    assert (problem["row"], problem["field"]) == (1, "tenure_months")
    assert problem["received"] == "'three'"


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_nan_is_a_missing_value(client, kind):
    columns = {"tenure_months": [3.0], "monthly_charge": [float("nan")]}
    answer = _post(client, kind, columns | {"plan": ["basic"]}).json()
    assert answer["warnings"] == {"monthly_charge": {"missing": 1}}


@pytest.mark.parametrize("kind", KINDS)
def test_more_rows_than_are_answered_are_refused(client, kind):
    columns = {"tenure_months": [3.0], "monthly_charge": [1.0], "plan": ["basic"]}
    many = {name: values * 10_001 for name, values in columns.items()}
    refused = _post(client, kind, many)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_many_rows")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"PAR1" * 9])
def test_what_cannot_be_read_is_refused(client, kind, body):
    assert _post(client, kind, body).status_code in (400, 422)


@pytest.mark.parametrize("kind", KINDS)
def test_one_customer_comes_as_json(client, kind):
    refused = client.post("/predict", content=b"x", headers={"content-type": kind})
    assert refused.status_code == 415

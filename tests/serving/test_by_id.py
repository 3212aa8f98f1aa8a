"""A customer_id alone is answered as the features of the online store are."""

import io
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from churn_pipeline.serving.bodies import ARROW, CSV, PARQUET
from churn_pipeline.serving.journal.database import connect, journal_url
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from churn_pipeline.serving.online.record import OBSERVED
from churn_pipeline.serving.refreshing import refresh
from tests.factories import tiny_artifact
from tests.serving.apps import app_of, client_of
from tests.serving.online.stores import sqlite_store

ANN = {"tenure_months": 3.0, "monthly_charge": 20.5, "plan": "basic"}
BEN = {"tenure_months": None, "monthly_charge": 9.0, "plan": "plus", "more": 1.0}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "online.db"


@pytest.fixture
def app(path):
    artifact = tiny_artifact()
    name = artifact.manifest.dataset
    place = sqlite_store(path, {"ann": ANN, "17": BEN}, name)
    return app_of(artifact, CHURN_ONLINE_STORE=place)


def told(answer):
    """Return what is foreseen and warned of, without time and request."""
    others = {"request_id", "time", "milliseconds"}
    return {k: v for k, v in answer.json().items() if k not in others}


@pytest.mark.parametrize("customer", ["ann", 17])
@pytest.mark.parametrize("address", ["/predict", "/explain"])
def test_an_id_alone_is_answered_as_its_features_are(app, customer, address):
    client = client_of(app)
    row = ANN if customer == "ann" else {n: BEN[n] for n in ANN}
    named = client.post(address, json={"customer_id": customer})
    assert named.status_code == 200
    given = client.post(address, json=row | {"customer_id": customer})
    assert told(named) == told(given)


def test_a_batch_may_name_customers_by_id_alone_among_others(app):
    client = client_of(app)
    other = {"tenure_months": 9.0, "monthly_charge": 70.0, "plan": "plus"}
    rows = [{"customer_id": "ann"}, other | {"customer_id": "eve"}, {"customer_id": 17}]
    whole = [ANN, other, {name: BEN[name] for name in ANN}]
    whole = [row | named for row, named in zip(whole, rows, strict=True)]
    for address in ("/predict_batch", "/explain"):
        named = client.post(address, json=rows)
        assert named.status_code == 200
        assert told(named) == told(client.post(address, json=whole))


@pytest.mark.parametrize("kind", [CSV, PARQUET, ARROW])
def test_a_table_of_ids_alone_is_answered_as_their_features_are(app, kind):
    client, ids = client_of(app), ["ann", "17", "ann"]
    rows = [{"customer_id": name} for name in ids]
    table, out = pa.table({"customer_id": ids}), io.BytesIO()
    if kind == CSV:
        csv.write_csv(table, out)
    elif kind == PARQUET:
        pq.write_table(table, out)
    else:
        with pa.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table)
    headers = {"content-type": kind}
    answer = client.post("/predict_batch", content=out.getvalue(), headers=headers)
    assert told(answer) == told(client.post("/predict_batch", json=rows))
    assert [p["customer_id"] for p in answer.json()["predictions"]] == ids


def test_a_batch_tells_each_row_whose_customer_is_not_known_or_old(path):
    artifact = tiny_artifact()
    rows = {"ann": ANN, "old": ANN | {OBSERVED: "2025-11-30"}}
    place = sqlite_store(path, rows, artifact.manifest.dataset)
    client = client_of(app_of(artifact, CHURN_ONLINE_STORE=place))
    ids = ["eve", "ann", "old", "max"]
    asked = [{"customer_id": name} for name in ids]
    answer = client.post("/predict_batch", json=[*asked, {"customer_id": "x"} | ANN])
    assert answer.status_code == 404
    found = [(p["row"], p["code"], p["field"]) for p in answer.json()["problems"]]
    assert found == [
        (0, "unknown_customer", "customer_id"),
        (2, "stale_customer", "customer_id"),
        (3, "unknown_customer", "customer_id"),
    ]
    stale = client.post("/predict_batch", json=[ANN, {"customer_id": "old"}])
    assert (stale.status_code, stale.json()["problems"][0]["row"]) == (409, 1)


def test_of_a_batch_of_unknown_customers_twenty_are_told_and_looked_for(app):
    asked = [{"customer_id": f"x{i}"} for i in range(500)]
    answer = client_of(app).post("/predict_batch", json=asked)
    assert [p["row"] for p in answer.json()["problems"]] == list(range(20))


def test_more_ids_than_are_answered_are_refused_before_any_is_looked_for(app):
    asked = [{"customer_id": "eve"}] * 10_001
    answer = client_of(app).post("/predict_batch", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_rows")


def test_without_a_store_a_batch_by_id_says_what_to_run(tmp_path):
    place = f"sqlite:///{tmp_path / 'none.db'}"
    client = client_of(app_of(tiny_artifact(), CHURN_ONLINE_STORE=place))
    answer = client.post("/predict_batch", json=[ANN, {"customer_id": "ann"}])
    assert (answer.status_code, answer.json()["code"]) == (503, "no_online_store")
    assert client.post("/predict_batch", json=[ANN]).status_code == 200


def test_the_log_has_the_features_that_the_model_got(app):
    answer = client_of(app).post("/predict", json={"customer_id": "ann"}).json()
    app.parts.journal.flush()
    names = Pseudonyms.of(app.folder, {})
    with closing(
        connect(journal_url(app.folder, {}), pseudonyms=names.fingerprint)
    ) as db:
        logged = Store(db, names).find(answer["request_id"], 0)
    assert {n: logged.columns[n][logged.row] for n in ANN} == ANN
    assert logged.customer == "ann"


def test_an_unknown_customer_is_refused_and_others_are_answered(app):
    client = client_of(app)
    answer = client.post("/predict", json={"customer_id": "eve"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_customer")
    assert answer.json()["field"] == "customer_id"
    assert client.post("/predict", json=ANN).status_code == 200


def test_a_correction_is_answered_once_it_was_looked_for(app, path):
    client = client_of(app)
    ask = {"customer_id": "ann"}
    before = told(client.post("/predict", json=ask))
    new = {"ann": ANN | {"tenure_months": 60.0}}
    sqlite_store(path, new, app.parts.models.champion.dataset)
    refresh(app.parts)
    after = client.post("/predict", json=ask)
    assert told(after)["churn_probability"] != before["churn_probability"]
    assert told(after) == told(client.post("/predict", json=ask | new["ann"]))


def test_without_a_store_it_is_said_what_to_run(tmp_path):
    place = f"sqlite:///{tmp_path / 'none.db'}"
    client = client_of(app_of(tiny_artifact(), CHURN_ONLINE_STORE=place))
    answer = client.post("/predict", json={"customer_id": "ann"})
    assert (answer.status_code, answer.json()["code"]) == (503, "no_online_store")
    assert "make feature-store ENV=NAME" in answer.json()["expected"]
    assert str(tmp_path) not in answer.text


def test_a_store_of_other_features_is_refused(path):
    artifact = tiny_artifact()
    row = {name: ANN[name] for name in ("tenure_months", "plan")}
    place = sqlite_store(path, {"ann": row}, artifact.manifest.dataset)
    client = client_of(app_of(artifact, CHURN_ONLINE_STORE=place))
    answer = client.post("/predict", json={"customer_id": "ann"})
    assert (answer.status_code, answer.json()["code"]) == (503, "features_differ")
    assert answer.json()["field"] == "monthly_charge"


def test_an_id_beside_some_features_still_lacks_the_others(app):
    body = {"customer_id": "ann", "plan": "basic"}
    answer = client_of(app).post("/predict", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "missing_field")

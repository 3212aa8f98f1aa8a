"""A customer_id alone is answered as the features of the online store are."""

from contextlib import closing

import pytest

from churn_pipeline.serving.journal.database import connect, journal_url
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
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
    assert "kedro run --pipelines feature_store" in answer.json()["expected"]
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

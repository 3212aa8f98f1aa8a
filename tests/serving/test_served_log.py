"""Every answer of the service is in its journal, and is replayed to the bit."""

from __future__ import annotations

import json
import sqlite3

import pytest

from churn_pipeline.serving.journal.database import connect, journal_url
from churn_pipeline.serving.journal.feedback import matched
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.replay import logged_answer, replay
from churn_pipeline.serving.journal.store import Store
from tests.factories import tiny_columns
from tests.serving.apps import app_of, client_of

KEY = "0123456789abcdef"


@pytest.fixture
def app(artifact):
    made = app_of(artifact)
    yield made
    made.parts.close()


def rows_of(n: int) -> list[dict]:
    columns = tiny_columns(n, seed=7)
    columns["plan"][2] = "never seen"
    return [
        {"customer_id": f"customer-{i}", **dict(zip(columns, row, strict=True))}
        for i, row in enumerate(zip(*columns.values(), strict=True))
    ]


def logged(app, **environment: str) -> Store:
    assert app.parts.journal.flush()
    names = Pseudonyms.of(app.folder, environment)
    url = journal_url(app.folder, environment)
    return Store(connect(url, pseudonyms=names.fingerprint), names)


def test_single_answers_are_replayed_to_the_bit(app, artifact) -> None:
    client = client_of(app)
    answers = [client.post("/predict", json=row).json() for row in rows_of(50)]
    store = logged(app)
    assert store.count() == 50
    for i, answer in enumerate(answers):
        found = store.find(answer["request_id"])
        assert (found.customer, found.endpoint) == (f"customer-{i}", "/predict")
        assert found.probability == answer["churn_probability"]
        assert found.decision == answer["decision"]
        assert replay(found, artifact) == logged_answer(found)


@pytest.mark.parametrize("path", ["/predict_batch", "/explain"])
def test_batches_are_replayed_to_the_bit(app, artifact, path) -> None:
    answer = client_of(app).post(path, json=rows_of(90)).json()
    store = logged(app)
    assert store.count() == 90
    for line, told in enumerate(answer["predictions"]):
        found = store.find(answer["request_id"], line)
        assert (found.customer, found.endpoint) == (f"customer-{line}", path)
        assert found.probability == told["churn_probability"]
        assert replay(found, artifact) == logged_answer(found)


def test_bodies_of_all_shapes_are_replayed(app, artifact) -> None:
    """What the quick reader takes and what it leaves to the contract."""
    bodies = [
        b'{ "tenure_months" : 3 ,\n"monthly_charge":20.50, "plan":null }',
        b'{"plan":"pl\\u0075s","tenure_months":3e0,"monthly_charge":1e-300}',
        b'{"tenure_months":3,"monthly_charge":0.1,"plan":"a\\nb","customer_id":7}',
        b'{"tenure_months":3,"monthly_charge":3.4028235e38,"plan":""}',
    ]
    client, kind = client_of(app), {"content-type": "application/json"}
    answers = [client.post("/predict", content=b, headers=kind).json() for b in bodies]
    store = logged(app)
    for answer in answers:
        found = store.find(answer["request_id"])
        assert found.probability == answer["churn_probability"]
        assert replay(found, artifact) == logged_answer(found)


def test_no_id_of_a_customer_reaches_a_journal_of_pseudonyms(artifact) -> None:
    app = app_of(artifact, CHURN_PSEUDONYM_KEY=KEY)
    client, rows = client_of(app), rows_of(20)
    for path, body in (("/predict", rows[0]), ("/predict_batch", rows)):
        assert client.post(path, json=body).status_code == 200
    day = {"observation_date": "2026-01-01", "churned": True}
    label = {"customer_id": "customer-3", **day}
    assert client.post("/feedback", json=label).json()["accepted"] == 1
    store = logged(app, CHURN_PSEUDONYM_KEY=KEY)
    assert store.count() == 21
    dump = json.dumps([str(row) for row in store.database.run(_EVERYTHING)])
    app.parts.close()
    raw = b"".join(path.read_bytes() for path in app.folder.glob("journal*"))
    assert "customer-" not in dump
    assert b"customer-" not in raw
    assert store.pseudonyms.name("customer-3") in dump


_EVERYTHING = "SELECT customer FROM predictions UNION ALL SELECT customer FROM labels"


def test_labels_meet_the_answers_of_the_service(app) -> None:
    client = client_of(app)
    answer = client.post("/predict", json=rows_of(9)[8]).json()
    label = {"request_id": answer["request_id"], "churned": True}
    taken = client.post("/feedback", json=label)
    assert (taken.status_code, taken.json()["accepted"]) == (200, 1)
    store = logged(app)
    (outcome,) = matched(store.database, maturity_days=60)
    assert (outcome.churned, outcome.matured) == (True, False)
    assert outcome.probability == answer["churn_probability"]
    refused = client.post("/feedback", json={"churned": True})
    assert refused.status_code == 422
    assert "either request_id" in refused.json()["message"]


def test_the_page_shows_a_label_that_is_taken(app) -> None:
    client = client_of(app)
    posted = client.get("/docs.json").json()["paths"]["/feedback"]["post"]
    label = posted["requestBody"]["content"]["application/json"]["example"]
    told = posted["responses"]["200"]["content"]["application/json"]["example"]
    answer = client.post("/feedback", json=label)
    assert (answer.status_code, answer.json().keys()) == (200, told.keys())


def test_what_is_refused_is_not_logged(app) -> None:
    assert client_of(app).post("/predict", json={"plan": 3}).status_code == 422
    assert logged(app).count() == 0


def test_a_batch_waits_for_a_log_that_is_behind(app, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(app.parts.journal, "wait_for_room", asked.append)
    client = client_of(app)
    assert client.post("/predict_batch", json=rows_of(9)).status_code == 200
    assert client.post("/predict", json=rows_of(9)[0]).status_code == 200
    assert asked == [2.0]


def test_answers_go_out_while_the_log_is_locked(app) -> None:
    client = client_of(app)
    with sqlite3.connect(app.folder / "journal.db") as other:
        other.execute("BEGIN IMMEDIATE")
        rows = rows_of(30)
        answers = [client.post("/predict", json=row) for row in rows]
        batch = client.post("/predict_batch", json=rows)
        label = {"request_id": "x", "churned": True}
        refused = client.post("/feedback", json=label)
        assert {a.status_code for a in (*answers, batch)} == {200}
        assert (refused.status_code, refused.json()["code"]) == (503, "journal_away")
        other.rollback()
    assert logged(app).count() == 60

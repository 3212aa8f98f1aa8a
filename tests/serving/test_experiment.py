"""An experiment from the first change to its results, through the service."""

import threading

import numpy as np
import pytest

from churn_pipeline.serving import assemble
from churn_pipeline.serving.access.keys import revoke_key
from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.overload import FEW_AT_ONCE, Gate
from churn_pipeline.serving.place import KEYS
from churn_pipeline.serving.refreshing import refresh
from churn_pipeline.serving.rollout.tally import Tally
from tests.serving.apps import GOOD, app_of, client_of, two_models
from tests.serving.disks import full_disk


@pytest.fixture
def app(tmp_path):
    store = two_models(tmp_path)
    made = app_of(store.champion(), store)
    yield made
    made.parts.close()


def _change(client, **values):
    version = client.get("/rollout").json()["version"]
    body = {"version": version, "why": "try it", "challenger": "v2", **values}
    answer = client.put("/rollout", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_results_are_those_of_the_answers_and_their_labels(app, monkeypatch):
    client = client_of(app)
    exclude = [{"feature": "tenure_months", "at_least": 50}]
    _change(client, percentage=50, exclude=exclude)
    refresh(app.parts)
    rows = [GOOD | {"customer_id": f"C-{i}"} for i in range(40)]
    rows.append(GOOD | {"customer_id": "old", "tenure_months": 60})
    answers = [client.post("/predict", json=row).json() for row in rows]
    assert answers[-1]["variant"] == "outside"
    for i, told in enumerate(answers):
        label = {"request_id": told["request_id"], "churned": i % 4 == 0}
        assert client.post("/feedback", json=label).status_code == 200
    app.parts.journal.flush()
    early = client.get("/experiment").json()
    assert early["customers"] == {"champion": 0, "challenger": 0}
    monkeypatch.setattr(assemble, "maturity_days", lambda label: 0)
    found = client.get("/experiment").json()
    drawn = answers[:-1]
    for variant in ("champion", "challenger"):
        brier = [
            (told["churn_probability"] - (i % 4 == 0)) ** 2
            for i, told in enumerate(drawn)
            if told["variant"] == variant
        ]
        assert found["customers"][variant] == len(brier) > 0
        shown = next(m for m in found["metrics"] if m["metric"] == "brier")
        assert shown[variant] == pytest.approx(np.mean(brier), abs=1e-6)
    assert found["verdict"] == "not_yet"


def test_a_canary_goes_up_and_errors_stop_it(app):
    client = client_of(app)
    _change(client, canary={"steps": [10, 50], "hours": 0})
    refresh(app.parts)
    for _ in range(1_000):
        app.parts.watch.count("challenger", failed=False, microseconds=500)
    refresh(app.parts)
    assert client.get("/rollout").json()["percentage"] == 50
    for _ in range(100):
        app.parts.watch.count("champion", failed=False, microseconds=500)
        app.parts.watch.count("challenger", failed=True, microseconds=500)
    refresh(app.parts)
    state = client.get("/rollout").json()
    assert state["percentage"] == 0
    assert "failed" in state["stopped"]
    assert client.get("/experiment").json()["verdict"] == "harm"
    who = [entry.who for entry in app.parts.rollout.ledger.read()]
    assert who == ["tests", "canary", "canary"]


def test_a_full_disk_keeps_nobody_from_stopping_the_challenger(app):
    client = client_of(app)
    _change(client, percentage=10)
    with full_disk():
        told = client.post("/rollout/abort", json={"why": "complaints"})
        assert client.get("/rollout").json()["percentage"] == 0
    assert (told.status_code, told.json()["problems"][0]["code"]) == (
        500,
        "stop_unwritten",
    )
    refresh(app.parts)
    last = app.parts.rollout.ledger.read()[-1]
    assert (last.action, last.why) == ("abort", "complaints")


def test_on_a_full_disk_errors_stop_the_challenger_and_the_rest_goes_on(app):
    client = client_of(app)
    _change(client, canary={"steps": [10, 50], "hours": 0})
    refresh(app.parts)
    for _ in range(100):
        app.parts.watch.count("challenger", failed=True, microseconds=500)
    app.parts.metrics.drop("churn_workers")
    with full_disk():
        refresh(app.parts)
        assert "failed" in client.get("/rollout").json()["stopped"]
    assert 'churn_workers{version="v1"} 1' in client.get("/metrics").text


def test_a_challenger_that_fails_for_single_customers_is_stopped(app):
    client = client_of(app)
    _change(client, canary={"steps": [100], "hours": 0})
    refresh(app.parts)

    def fail(values):
        raise RuntimeError("no answer")

    app.parts.models.get("v2").one = fail
    for _ in range(20):
        told = client.post("/predict", json=GOOD | {"customer_id": "A"}).json()
        assert (told["model_version"], told["variant"]) == ("v1", "outside")
    refresh(app.parts)
    assert "answers that failed" in client.get("/rollout").json()["stopped"]


def test_a_challenger_that_fails_in_explanations_is_seen_and_stopped(app):
    client = client_of(app)
    _change(client, canary={"steps": [100], "hours": 0})
    refresh(app.parts)

    def fail(request, reasons):
        raise RuntimeError("no answer")

    app.parts.models.get("v2").many = fail
    for _ in range(20):
        told = client.post("/explain", json=GOOD | {"customer_id": "A"}).json()
        assert (told["model_version"], told["variant"]) == ("v1", "outside")
    refresh(app.parts)
    assert "answers that failed" in client.get("/rollout").json()["stopped"]


def test_a_batch_counts_as_one_answer_of_each_model(app, monkeypatch):
    client = client_of(app)
    _change(client, canary={"steps": [50], "hours": 0})
    refresh(app.parts)
    counted = []
    monkeypatch.setattr(
        app.parts.watch,
        "count",
        lambda variant, *, failed, microseconds: counted.append((variant, failed)),
    )
    rows = [GOOD | {"customer_id": f"C-{i}"} for i in range(40)]
    assert client.post("/predict_batch", json=rows).status_code == 200
    assert sorted(counted) == [("challenger", False), ("champion", False)]
    client.post("/explain", json=rows)
    assert len(counted) == 2


def test_a_challenger_that_fails_in_batches_is_stopped_and_the_champion_answers(app):
    client = client_of(app)
    _change(client, canary={"steps": [50], "hours": 0})
    refresh(app.parts)

    def fail(request, reasons):
        raise RuntimeError("no answer")

    app.parts.models.get("v2").many = fail
    rows = [GOOD | {"customer_id": f"C-{i}"} for i in range(40)]
    for _ in range(10):
        answer = client.post("/predict_batch", json=rows)
        assert answer.status_code == 200
        told = {
            (p["model_version"], p["variant"]) for p in answer.json()["predictions"]
        }
        assert told == {("v1", "champion"), ("v1", "outside")}
    refresh(app.parts)
    assert "answers that failed" in client.get("/rollout").json()["stopped"]


def test_a_shadow_that_becomes_the_champion_answers_once(app):
    client = client_of(app)
    _change(client, challenger=None, shadow="v2")
    refresh(app.parts)
    app.parts.models.swap(app.parts.models.get("v2"))
    assert client.post("/predict", json=GOOD).json()["model_version"] == "v2"
    app.parts.shadow.close()
    assert (app.parts.shadow.done, app.parts.shadow.dropped) == (0, 0)


def test_keys_and_canary_are_looked_at_while_results_are_counted(app, monkeypatch):
    entered, let = threading.Event(), threading.Event()

    def slow(*args, **kwargs):
        entered.set()
        assert let.wait(10)
        return Tally()

    monkeypatch.setattr(assemble, "tally", slow)
    client = client_of(app)
    _change(client, canary={"steps": [50], "hours": 0})
    refresh(app.parts)
    assert entered.wait(10)
    revoke_key(app.folder / KEYS, "tests")
    refresh(app.parts)  # while the count goes on
    assert client.get("/rollout").status_code == 401
    let.set()


def test_a_change_for_another_state_is_a_conflict(app):
    client = client_of(app)
    _change(client, percentage=5)
    stale = {"version": 0, "why": "late", "percentage": 50}
    answer = client.put("/rollout", json=stale)
    assert answer.status_code == 409
    assert answer.json()["code"] == "stale_version"


def test_under_load_the_shadow_is_left_out_and_the_answer_given(app):
    client = client_of(app)
    _change(client, challenger=None, shadow="v2")
    refresh(app.parts)
    app.parts.gate.batches = 1
    assert client.post("/predict", json=GOOD).status_code == 200
    assert app.parts.shadow.dropped == 1
    app.parts.gate.batches = 0
    client.post("/predict", json=GOOD)
    app.parts.shadow.close()
    assert (app.parts.shadow.done, app.parts.shadow.dropped) == (1, 1)


async def _entered(gate, times):
    for _ in range(times):
        gate.enter()
    return gate.busy


def test_a_few_requests_at_once_are_no_load():
    import asyncio

    assert not asyncio.run(_entered(Gate(Metrics()), FEW_AT_ONCE))
    assert asyncio.run(_entered(Gate(Metrics()), FEW_AT_ONCE + 1))

"""A request meets the keys, the rollout, the journal and the metrics."""

import pytest

from churn_pipeline.serving.access.keys import add_key, revoke_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.journal.database import connect, journal_url
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from churn_pipeline.serving.place import KEYS
from churn_pipeline.serving.refreshing import refresh
from churn_pipeline.serving.refusal import Refusal
from tests.serving.apps import GOOD, app_of, client_of, two_models


@pytest.fixture
def store(tmp_path):
    return two_models(tmp_path)


@pytest.fixture
def app(store):
    made = app_of(store.champion(), store)
    yield made
    made.parts.close()


def _logged(app, request_id, line=0):
    app.parts.journal.flush()
    database = connect(journal_url(app.folder, {}))
    return Store(database, Pseudonyms()).find(request_id, line)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("/livez", 200), ("/readyz", 200), ("/docs.json", 200)),
        *(("/predict", 401), ("/metrics", 401), ("/nothing", 401), ("/", 200)),
    ],
)
def test_without_a_key_there_are_the_probes_and_the_page_alone(app, path, status):
    client = client_of(app)
    del client.headers["X-API-Key"]
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_key_may_do_what_its_role_may(app):
    key = add_key(app.folder / KEYS, "desk", Role.PREDICT)
    refresh(app.parts)
    client = client_of(app)
    client.headers["X-API-Key"] = key
    assert client.post("/predict", json=GOOD).status_code == 200
    assert client.get("/metrics").json()["code"] == "forbidden"
    assert client.get("/rollout").status_code == 403


def test_every_answer_is_in_the_journal(app):
    client = client_of(app)
    one = client.post("/predict", json=GOOD | {"customer_id": "a"}).json()
    logged = _logged(app, one["request_id"])
    assert logged.probability == one["churn_probability"]
    assert (logged.customer, logged.model_version) == ("a", "v1")
    many = client.post("/predict_batch", json=[GOOD, GOOD | {"plan": "plus"}]).json()
    second = _logged(app, many["request_id"], 1)
    assert second.probability == many["predictions"][1]["churn_probability"]


def test_labels_are_taken(app):
    client = client_of(app)
    one = client.post("/predict", json=GOOD).json()
    label = {"request_id": one["request_id"], "churned": True}
    assert client.post("/feedback", json=label).json()["accepted"] == 1
    assert client.post("/feedback", json={"churned": True}).status_code == 422


def test_a_rollout_sends_each_customer_to_the_same_model_alone_and_in_a_batch(app):
    client = client_of(app)
    change = {"version": 0, "challenger": "v2", "percentage": 50, "why": "try it"}
    assert client.put("/rollout", json=change).status_code == 200
    refresh(app.parts)
    rows = [GOOD | {"customer_id": f"c{i}"} for i in range(40)]
    batch = client.post("/predict_batch", json=rows).json()["predictions"]
    alone = [client.post("/predict", json=row).json() for row in rows]
    for one, told in zip(alone, batch, strict=True):
        assert told.items() <= one.items()
    sides = {(one["variant"], one["model_version"]) for one in alone}
    assert sides == {("champion", "v1"), ("challenger", "v2")}
    answers = {
        side: {p["churn_probability"] for p in batch if p["variant"] == side}
        for side in ("champion", "challenger")
    }
    assert all(len(found) == 1 for found in answers.values())
    assert answers["champion"] != answers["challenger"]


def test_an_abort_sends_everybody_to_the_champion(app):
    client = client_of(app)
    change = {"version": 0, "challenger": "v2", "percentage": 100, "why": "try it"}
    client.put("/rollout", json=change)
    refresh(app.parts)
    row = GOOD | {"customer_id": "c1"}
    assert client.post("/predict", json=row).json()["model_version"] == "v2"
    stopped = client.post("/rollout/abort", json={"why": "harm"})
    assert (stopped.status_code, stopped.json()["percentage"]) == (200, 0)
    assert client.post("/predict", json=row).json()["model_version"] == "v1"
    assert client.get("/experiment").json()["stopped"] == "harm"


def test_the_champion_answers_where_the_challenger_fails(app, monkeypatch, caplog):
    client = client_of(app)
    change = {"version": 0, "challenger": "v2", "percentage": 100, "why": "try it"}
    client.put("/rollout", json=change)
    refresh(app.parts)
    monkeypatch.delattr(app.parts.models.others["v2"], "artifact")
    one = client.post("/predict", json=GOOD | {"customer_id": "c1"}).json()
    assert (one["model_version"], one["variant"]) == ("v1", "outside")
    assert "model v2 failed" in caplog.text


def test_a_shadow_answers_the_journal_alone(app):
    client = client_of(app)
    change = {"version": 0, "shadow": "v2", "why": "look at it"}
    assert client.put("/rollout", json=change).status_code == 200
    refresh(app.parts)
    one = client.post("/predict", json=GOOD | {"customer_id": "a"}).json()
    app.parts.shadow.close()
    app.parts.journal.flush()
    database = connect(journal_url(app.folder, {}))
    assert Store(database, Pseudonyms()).of_version("v2") == 1
    assert (one["model_version"], _logged(app, one["request_id"]).model_version) == (
        "v1",
        "v1",
    )


def test_a_version_that_is_not_registered_cannot_be_rolled_out(app):
    change = {"version": 0, "challenger": "v9", "percentage": 5, "why": "try it"}
    refused = client_of(app).put("/rollout", json=change)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_version")


def test_metrics_count_what_was_answered(app):
    client = client_of(app)
    for _ in range(3):
        client.post("/predict", json=GOOD | {"plan": "gold"})
    page = client.get("/metrics").text
    assert 'churn_requests_total{endpoint="/predict",status="200"} 3' in page
    assert 'churn_request_seconds_count{endpoint="/predict"} 3' in page
    assert 'le="+Inf"} 3' in page
    assert 'churn_values_total{feature="plan",kind="unknown_category"} 3' in page
    assert (
        'churn_predictions_total{model="tiny",version="v1",variant="champion"' in page
    )


def _counted(client, kind):
    """Return how many plans of a kind were counted so far."""
    label = f'churn_values_total{{feature="plan",kind="{kind}"}} '
    lines = client.get("/metrics").text.splitlines()
    return sum(int(line.removeprefix(label)) for line in lines if label in line)


def _as_tensors(row):
    kinds = {"tenure_months": "FP64", "monthly_charge": "FP64", "plan": "BYTES"}
    return {
        "inputs": [
            {"name": n, "datatype": kinds[n], "shape": [1], "data": [value]}
            for n, value in row.items()
        ]
    }


@pytest.mark.parametrize(
    ("plan", "kind"),
    [("gold", "unknown_category"), (None, "missing"), ("", "missing")],
)
def test_what_the_model_does_not_know_is_answered_as_it_learnt_and_counted(
    app, plan, kind
):
    client, row = client_of(app), GOOD | {"plan": plan}
    (learnt,) = app.parts.models.champion.artifact.predict(
        {name: [value] for name, value in row.items()}
    )
    asked = {
        "/predict": row,
        "/explain": row,
        "/predict_batch": [row],
        "/v2/models/tiny/infer": _as_tensors(row),
    }
    for n, (path, body) in enumerate(asked.items(), start=1):
        answer = client.post(path, json=body).json()
        told = answer.get("predictions", [answer])[0]
        if "outputs" in answer:
            told = {"churn_probability": answer["outputs"][0]["data"][0]}
        else:
            assert answer["warnings"] == {"plan": {kind: 1}}
        assert told["churn_probability"] == pytest.approx(learnt, rel=1e-6)
        assert _counted(client, kind) == n
    table = f"tenure_months,monthly_charge,plan\n3,20.5,{plan or ''}\n"
    headers = {"content-type": "text/csv"}
    answer = client.post("/predict_batch", content=table, headers=headers).json()
    (told,) = answer["predictions"]
    assert told["churn_probability"] == pytest.approx(learnt, rel=1e-6)
    assert _counted(client, kind) == len(asked) + 1


def test_a_request_keeps_the_champion_that_read_it_through_a_swap(app, store):
    first = app.parts.models.champion
    router = app.parts.router.held(first)
    store.point_to("v2")
    refresh(app.parts)
    values = first.reader.one(b'{"tenure_months": 3, "monthly_charge": 2, "plan": ""}')
    assert router.side(values).model is first
    assert app.parts.router.side(values).model.version == "v2"


def test_a_part_that_fails_holds_up_no_other_and_is_told_once(app, caplog):
    class Broken:
        def refresh(self):
            raise RuntimeError("the disk is gone")

        def problems(self):
            return {}

    app.parts.followers.insert(0, Broken())
    key = add_key(app.folder / KEYS, "later", Role.PREDICT)
    assert app.parts.access.keys.caller(key.encode()).name == "later"
    revoke_key(app.folder / KEYS, "later")
    for _ in range(2):
        refresh(app.parts)
    with pytest.raises(Refusal, match="revoked"):
        app.parts.access.keys.caller(key.encode())
    assert [line.getMessage() for line in caplog.records if line.exc_info] == [
        "broken failed; what there was is kept"
    ]
    samples = app.parts.metrics.samples()
    assert samples["churn_stale", (("part", "broken"),)] == 1
    assert samples["churn_refresh_failures_total", (("part", "broken"),)] == 2
    app.parts.followers.pop(0)

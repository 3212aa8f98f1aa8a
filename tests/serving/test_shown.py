"""`/model` tells what a model is and what its card says; `/model/card` is that."""

import json

import pytest

from churn_pipeline.release.records import Record
from churn_pipeline.release.store import ModelStore
from churn_pipeline.serving.refreshing import refresh
from tests.factories import tiny_artifact
from tests.serving.apps import app_of, client_of

RECORD = {
    "semantic_version": "1.2.0",
    "change": "other parameters than 1.1.0",
    "family": "logistic",
    "gate": "approved",
    "reasons": ("ROC AUC at least as high",),
    "metrics": {"roc_auc": 0.8},
    "fitted_rows": 200,
}


def _card(version):
    return f"<!doctype html><style>p {{ color: red }}</style><p>card of {version}"


@pytest.fixture
def store(tmp_path):
    made = ModelStore(tmp_path / "models")
    for seed, version in enumerate(("v1", "v2")):
        record = Record.model_validate(RECORD | {"version": version})
        made.add(tiny_artifact(version, seed), record, card=_card(version))
    made.point_to("v1")
    return made


def _client(store):
    return client_of(app_of(store.champion(), store))


def test_the_manifest_and_the_card_are_those_of_the_model_that_answers(store):
    told = _client(store).get("/model").json()
    assert told["manifest"] == json.loads(store.champion().manifest.to_bytes())
    assert told["card"] == {
        "semantic_version": "1.2.0",
        "change": "other parameters than 1.1.0",
        "gate": "approved",
        "reasons": ["ROC AUC at least as high"],
        "compared_with": None,
        "fitted_rows": 200,
        "refit": False,
        "page": "/model/card",
    }


def test_the_card_is_a_page_that_may_run_nothing(store):
    answer = _client(store).get("/model/card")
    assert answer.text == _card("v1")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_after_a_swap_the_card_is_that_of_the_new_champion(store):
    app = app_of(store.champion(), store)
    client = client_of(app)
    store.point_to("v2")
    refresh(app.parts)
    assert client.get("/model/card").text == _card("v2")
    assert client.get("/model").json()["manifest"]["version"] == "v2"


def test_a_released_model_has_its_card_where_nothing_else_was_copied(store, tmp_path):
    for folder in ("registered/v1", "registered/v2"):
        (store.folder / folder).rename(tmp_path / folder.replace("/", "-"))
    client = _client(store)
    assert client.get("/model").json()["card"]["semantic_version"] == "1.2.0"
    assert client.get("/model/card").text == _card("v1")


def test_a_model_without_registry_has_no_card_and_says_so():
    client = client_of(tiny_artifact())
    assert client.get("/model").json()["card"] is None
    answer = client.get("/model/card")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_card")
    assert "kedro run" in answer.json()["expected"]


def test_a_model_that_was_registered_before_cards_were_kept_has_no_page(tmp_path):
    store = ModelStore(tmp_path / "models")
    store.add(tiny_artifact("v0"), Record.model_validate(RECORD | {"version": "v0"}))
    store.point_to("v0")
    assert _client(store).get("/model").json()["card"]["page"] is None

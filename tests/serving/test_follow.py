"""The champion is followed, and the last good one serves while it cannot be."""

import base64
import gc
import hashlib
import hmac
import json
import threading
import time
import weakref

import pytest

from churn_pipeline.release.store import ModelStore
from churn_pipeline.serving.hook import SECRET, secret_of
from churn_pipeline.serving.refreshing import refresh
from churn_pipeline.serving.rollout.spec import RolloutChange
from tests.factories import tiny_artifact
from tests.serving.apps import app_of, client_of, record, two_models

OURS = "a secret of the registry"


@pytest.fixture
def store(tmp_path):
    return two_models(tmp_path)


@pytest.fixture
def app(store):
    made = app_of(store.champion(), store)
    refresh(made.parts)
    yield made
    made.parts.close()


def _stale(app):
    return app.parts.metrics.samples()["churn_stale", (("part", "champion"),)]


def test_the_champion_that_is_promoted_serves(app, store):
    store.point_to("v2")
    refresh(app.parts)
    assert app.parts.models.champion.version == "v2"


def test_a_rollback_takes_the_former_champion_from_memory(app, store):
    first = app.parts.models.champion
    for version in ("v2", "v1"):
        store.point_to(version)
        refresh(app.parts)
    assert app.parts.models.champion is first


@pytest.mark.parametrize("content", ["{", '{"version": "v9"}'])
def test_a_pointer_that_cannot_be_read_changes_nothing(app, store, caplog, content):
    (store.folder / "champion.json").write_text(content)
    for _ in range(3):
        refresh(app.parts)
    assert (app.parts.models.champion.version, _stale(app)) == ("v1", 1)
    said = [
        r.message for r in caplog.records if "model v1 goes on serving" in r.message
    ]
    assert len(said) == 1


def test_a_registry_that_is_gone_changes_nothing_until_it_is_back(app, store):
    store.folder.rename(store.folder.with_name("away"))
    refresh(app.parts)
    assert (app.parts.models.champion.version, _stale(app)) == ("v1", 1)
    store.folder.with_name("away").rename(store.folder)
    store.point_to("v2")
    refresh(app.parts)
    assert (app.parts.models.champion.version, _stale(app)) == ("v2", 0)


def test_an_altered_artifact_does_not_get_to_serve(app, store):
    store.point_to("v2")
    (store.folder / "released/v2/model.onnx").write_bytes(b"other")
    refresh(app.parts)
    assert (app.parts.models.champion.version, _stale(app)) == ("v1", 1)


def _loads_of_a_faulty_champion(app, store, monkeypatch, looks):
    """Return how often a champion whose files were altered is loaded in some looks."""
    store.point_to("v2")
    (store.folder / "released/v2/model.onnx").write_bytes(b"other")
    loads, load = [], ModelStore.champion
    monkeypatch.setattr(ModelStore, "champion", lambda s: loads.append(1) or load(s))
    for _ in range(looks):
        refresh(app.parts)
    return len(loads)


def test_a_champion_that_cannot_be_loaded_is_not_loaded_each_second(
    app, store, monkeypatch, caplog
):
    assert _loads_of_a_faulty_champion(app, store, monkeypatch, looks=5) == 1
    samples = app.parts.metrics.samples()
    assert samples["churn_load_failures_total", ()] == 1
    assert (app.parts.models.champion.version, _stale(app)) == ("v1", 1)
    said = [r for r in caplog.records if "model v1 goes on serving" in r.message]
    assert len(said) == 1


def test_it_is_loaded_at_once_when_the_registry_names_it_anew(app, store, monkeypatch):
    assert _loads_of_a_faulty_champion(app, store, monkeypatch, looks=2) == 1
    store.point_to("v2")
    refresh(app.parts)
    assert (app.parts.models.champion.version, _stale(app)) == ("v2", 0)


def test_a_challenger_that_cannot_be_loaded_is_not_loaded_each_second(app, store):
    change = RolloutChange(version=0, challenger="v2", percentage=50)
    app.parts.rollout.update(change, who="me", why="try it")
    (store.folder / "registered/v2/artifact/model.onnx").write_bytes(b"other")
    for _ in range(4):
        refresh(app.parts)
    samples = app.parts.metrics.samples()
    assert samples["churn_load_failures_total", ()] == 1
    assert samples["churn_stale", (("part", "challenger"),)] == 1


def test_a_model_that_served_is_gone_when_it_is_not_needed_any_more(app, store):
    store.add(tiny_artifact("v3", 2), record("v3"))
    first = weakref.ref(app.parts.models.champion.contract.row)
    for version in ("v2", "v3"):
        store.point_to(version)
        refresh(app.parts)
    gc.collect()
    assert first() is None


def test_of_two_looks_at_once_the_older_takes_nothing_back(app, store, monkeypatch):
    store.add(tiny_artifact("v3", 2), record("v3"))
    loading, go_on = threading.Event(), threading.Event()
    artifact = store.champion

    def held_up():
        found = artifact()
        loading.set()
        go_on.wait(10)
        return found

    monkeypatch.setattr(ModelStore, "champion", lambda _: held_up())
    store.point_to("v2")
    older = threading.Thread(target=refresh, args=(app.parts,))
    older.start()
    loading.wait(10)
    store.point_to("v3")
    newer = threading.Thread(target=refresh, args=(app.parts,))
    newer.start()
    go_on.set()
    older.join(10)
    newer.join(10)
    assert app.parts.models.champion.version == "v3"


def _signed(secret, body, stamp):
    said = b".".join((b"d1", stamp, body))
    made = hmac.new(secret, said, hashlib.sha256).digest()
    return {
        "X-MLflow-Delivery-Id": "d1",
        "X-MLflow-Timestamp": stamp.decode(),
        "X-MLflow-Signature": "v1," + base64.b64encode(made).decode(),
    }


@pytest.mark.parametrize(
    ("secret", "age_s", "status", "version"),
    [
        (OURS.encode(), 0, 200, "v2"),
        (b"theirs", 0, 401, "v1"),
        (OURS.encode(), 3600, 401, "v1"),
    ],
)
def test_a_signed_webhook_is_followed_at_once(store, secret, age_s, status, version):
    app = app_of(store.champion(), store, **{SECRET: OURS})
    client = client_of(app)
    del client.headers["X-API-Key"]
    store.point_to("v2")
    body = json.dumps({"event": "model_version_alias.created"}).encode()
    stamp = str(int(time.time()) - age_s).encode()
    headers = _signed(secret, body, stamp)
    answer = client.post("/hooks/registry", content=body, headers=headers)
    assert (answer.status_code, app.parts.models.champion.version) == (status, version)


def test_a_secret_that_could_be_guessed_stops_the_start():
    with pytest.raises(ValueError, match="16 characters or more in CHURN_HOOK_SECRET"):
        secret_of({SECRET: "a" * 15})
    assert secret_of({SECRET: OURS}) == OURS
    assert secret_of({SECRET: ""}) is None


def test_without_a_secret_no_webhook_is_heard(app):
    headers = _signed(b"", b"{}", str(int(time.time())).encode())
    answer = client_of(app).post("/hooks/registry", content=b"{}", headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize(("percentage", "level"), [(50, "ERROR"), (0, "WARNING")])
def test_a_challenger_that_is_missed_by_nobody_is_no_error(
    app, store, caplog, percentage, level
):
    change = RolloutChange(version=0, challenger="v2", percentage=percentage)
    app.parts.rollout.update(change, who="me", why="try it")
    (store.folder / "registered/v2/artifact/model.onnx").unlink()
    refresh(app.parts)
    (said,) = [r for r in caplog.records if "in the challenger's place" in r.message]
    assert said.levelname == level

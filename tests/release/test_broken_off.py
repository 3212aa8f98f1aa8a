"""What a kill, a lost file or an MLflow out of reach leaves, and how it is mended."""

import hashlib
from dataclasses import replace

import pytest

from churn_pipeline.release.chain import LedgerError
from churn_pipeline.release.ledger import champions
from churn_pipeline.release.registry import Registry, RegistryError
from churn_pipeline.release.store import ModelStore
from tests.release.in_memory import champion_of, made_release, numbers_of, register


@pytest.mark.parametrize("step", ["register", "challenger", "champion"])
def test_a_release_that_broke_off_in_the_registry_is_completed(releases, step):
    register(releases, "1")
    releases.registry.fails = step
    with pytest.raises(ConnectionError):
        register(releases, "2")
    assert champion_of(releases) == ("2" if step == "champion" else "1")
    releases.registry.fails = ""
    register(releases, "2")
    assert champion_of(releases) == "2"
    assert releases.registry.alias == {"champion": "2"}
    actions = [e.action for e in releases.store.ledger.read() if e.version == "2"]
    assert actions == ["register", "promote"]


def test_a_kill_between_ledger_and_pointer_serves_the_previous_one(
    releases, monkeypatch
):
    register(releases, "1")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ModelStore, "point_to", killed)
        with pytest.raises(KeyboardInterrupt):
            register(releases, "2")
    assert champion_of(releases) == "1"
    register(releases, "2")
    assert champion_of(releases) == "2"


@pytest.fixture
def no_retries(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


def test_a_rollback_works_with_the_registry_out_of_reach(releases, no_retries, caplog):
    register(releases, "1")
    register(releases, "2")
    reached = releases.registry
    nowhere = replace(releases, registry=Registry("tiny", "http://127.0.0.1:9"))
    nowhere.rollback()
    assert champion_of(releases) == "1"
    assert champions(releases.store.ledger.read()) == ("1",)
    assert "MLflow's aliases could not be moved" in caplog.text
    assert "http://127.0.0.1:9" in caplog.text
    assert reached.alias == {"champion": "2"}
    releases.settle()
    assert reached.alias == {"champion": "1"}


def test_nothing_is_promoted_with_the_registry_out_of_reach(releases, no_retries):
    register(releases, "1")
    register(releases, "2", policy="approval")
    before = releases.store.ledger.path.read_bytes()
    nowhere = replace(releases, registry=Registry("tiny", "http://127.0.0.1:9"))
    for change in (nowhere.approve, nowhere.promote):
        with pytest.raises(RegistryError, match="expected MLflow at http://127"):
            change("2")
    assert releases.store.ledger.path.read_bytes() == before
    assert champion_of(releases) == "1"


def test_promoting_the_champion_again_repairs_its_files(releases):
    register(releases, "1")
    (releases.store.folder / "released/1/model.onnx").unlink()
    entries = releases.store.ledger.read()
    releases.promote("1")
    assert champion_of(releases) == "1"
    assert releases.store.ledger.read() == entries


def test_repairing_a_champion_released_by_override_needs_none(releases):
    register(releases, "1", approved=False)
    releases.promote("1", override=True, reason="the old one is down")
    (releases.store.folder / "released/1/model.onnx").unlink()
    releases.promote("1")
    assert champion_of(releases) == "1"


def test_without_its_ledger_a_champion_is_neither_replaced_nor_lost(releases):
    register(releases, "1")
    ledger = releases.store.ledger
    ledger.path.unlink()
    ledger.head.unlink()
    for change in (
        lambda: releases.register(made_release("2")),
        lambda: releases.promote("1"),
        releases.rollback,
    ):
        with pytest.raises(LedgerError, match="with the release of 1, which champion"):
            change()
    assert champion_of(releases) == "1"
    assert not ledger.path.exists()
    (releases.store.folder / "champion.json").unlink()
    releases.promote("1", override=True, reason="the ledger was lost")
    assert [e.action for e in ledger.read()] == ["promote"]
    assert champion_of(releases) == "1"


@pytest.mark.parametrize("step", ["register", "challenger", "champion"])
def test_a_release_that_broke_off_keeps_its_number(releases, step):
    register(releases, "1")
    releases.registry.fails = step
    with pytest.raises(ConnectionError):
        register(releases, "2")
    releases.registry.fails = ""
    register(releases, "3", approved=False)
    register(releases, "2")
    assert numbers_of(releases) == {"1": "1.0.0", "2": "1.0.1", "3": "1.0.2"}


def test_a_ledger_cut_with_its_head_is_refused_for_mlflow_knows_better(releases):
    register(releases, "1")
    register(releases, "2")
    ledger = releases.store.ledger
    lines = ledger.path.read_bytes().splitlines()[:2]
    ledger.path.write_bytes(b"\n".join(lines) + b"\n")
    ledger.head.unlink()
    with pytest.raises(LedgerError, match="restore both files from a copy"):
        register(releases, "3")
    ledger.head.write_text(hashlib.sha256(lines[1]).hexdigest() + "\n")
    before = ledger.path.read_bytes()
    for change in (lambda: register(releases, "3"), lambda: releases.promote("2")):
        with pytest.raises(LedgerError, match=r"expected 4 lines .* in MLflow has"):
            change()
    assert ledger.path.read_bytes() == before

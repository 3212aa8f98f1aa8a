"""Register, promote, approve, roll back; what a kill leaves, and who may do what."""

import hashlib
import shutil

import pytest

from churn_pipeline.release.ledger import LedgerError, champions
from churn_pipeline.release.releases import Release, ReleaseError, Releases
from churn_pipeline.release.store import ModelStore
from tests.factories import tiny_artifact


class MemoryRegistry:
    """What `Registry` does, in memory; `fails` makes a step raise."""

    def __init__(self):
        self.tags, self.alias, self.seals, self.fails = {}, {}, {}, ""

    def register(self, artifact, tags):
        self._step("register")
        self.tags[artifact.manifest.version] = tags

    def set_alias(self, alias, version):
        self._step(alias)
        self.alias[alias] = version
        if version is None:
            del self.alias[alias]

    def aliases(self):
        return dict(self.alias)

    def version_of(self, number):
        return dict(enumerate(self.tags, start=1)).get(int(number))

    def seal(self, ledger):
        return self.seals.get(ledger)

    def set_seal(self, ledger, state):
        self.seals[ledger] = state

    def _step(self, name):
        if self.fails == name:
            raise ConnectionError(name)


def _release(version, *, approved=True, policy="auto", against=None):
    return Release(
        artifact=tiny_artifact(version),
        approved=approved,
        reasons=("better than the champion" if approved else "too few rows",),
        metrics={"roc_auc": 0.8, "roc_auc_low": 0.7, "f1": float("nan")},
        policy=policy,
        compared_with=against,
    )


def _register(releases, version, **how):
    """Register a model that was compared with the champion that reigns."""
    reigning = champions(releases.store.ledger.read())[-1:]
    releases.register(_release(version, **{"against": (*reigning, None)[0], **how}))


@pytest.fixture
def releases(tmp_path):
    store = ModelStore(tmp_path / "models")
    return Releases(store, MemoryRegistry(), who="ada", clock=lambda: "2026-01-01")


def _champion(releases):
    return releases.store.champion().manifest.version


def test_a_model_that_passed_becomes_champion(releases):
    _register(releases, "1")
    assert _champion(releases) == "1"
    assert releases.registry.alias == {"champion": "1"}
    assert [e.action for e in releases.store.ledger.read()] == ["register", "promote"]


def test_the_registry_gets_metrics_without_ends_and_undefined_ones(releases):
    _register(releases, "1")
    assert releases.registry.tags["1"] == {
        "roc_auc": "0.8",
        "gate": "approved",
        "family": "logistic",
        "semantic_version": "1.0.0",
        "change": "the first version",
    }


def test_a_refused_model_is_registered_without_an_alias(releases):
    _register(releases, "1")
    _register(releases, "2", approved=False)
    assert _champion(releases) == "1"
    assert releases.registry.alias == {"champion": "1"}
    assert releases.registry.tags["2"]["gate"] == "refused"
    last = releases.store.ledger.read()[-1]
    assert (last.action, last.reason, last.previous) == ("refuse", "too few rows", "1")


def test_under_the_policy_approval_a_person_promotes(releases):
    _register(releases, "1", policy="approval")
    assert releases.store.champion() is None
    assert releases.registry.alias == {"challenger": "1"}
    releases.approve("1", reason="signed off")
    assert _champion(releases) == "1"
    assert releases.registry.alias == {"champion": "1"}
    last = releases.store.ledger.read()[-1]
    assert (last.who, last.action, last.reason) == ("ada", "approve", "signed off")


def test_rollback_twice_goes_back_two(releases):
    for version in ("1", "2", "3"):
        _register(releases, version)
    assert releases.rollback(reason="complaints") == "2"
    assert releases.rollback() == "1"
    assert _champion(releases) == "1"
    assert releases.registry.alias["champion"] == "1"
    with pytest.raises(ReleaseError, match="got 1 as the only one"):
        releases.rollback()


def test_rollback_without_a_champion_says_so(releases):
    with pytest.raises(ReleaseError, match="got no champion"):
        releases.rollback()


def test_a_refused_version_needs_an_override_with_a_reason(releases):
    _register(releases, "1", approved=False)
    for attempt in ({}, {"override": True}, {"reason": "because"}):
        with pytest.raises(ReleaseError, match="gate refused 1: too few rows"):
            releases.promote("1", **attempt)
    with pytest.raises(ReleaseError, match="gate refused"):
        releases.approve("1", reason="because")
    releases.promote("1", override=True, reason="the old one is down")
    assert _champion(releases) == "1"
    last = releases.store.ledger.read()[-1]
    assert (last.gate, last.reason) == ("refused", "the old one is down")


def test_a_release_repeated_changes_nothing(releases):
    _register(releases, "1")
    entries = releases.store.ledger.read()
    _register(releases, "1")
    releases.promote("1")
    assert releases.store.ledger.read() == entries


def test_repeating_a_release_does_not_undo_a_rollback(releases):
    _register(releases, "1")
    _register(releases, "2")
    releases.rollback()
    _register(releases, "2")
    assert _champion(releases) == "1"


@pytest.mark.parametrize("step", ["register", "challenger", "champion"])
def test_a_release_that_broke_off_in_the_registry_is_completed(releases, step):
    _register(releases, "1")
    releases.registry.fails = step
    with pytest.raises(ConnectionError):
        _register(releases, "2")
    assert _champion(releases) == ("2" if step == "champion" else "1")
    releases.registry.fails = ""
    _register(releases, "2")
    assert _champion(releases) == "2"
    assert releases.registry.alias == {"champion": "2"}
    actions = [e.action for e in releases.store.ledger.read() if e.version == "2"]
    assert actions == ["register", "promote"]


def test_a_kill_between_ledger_and_pointer_serves_the_previous_one(
    releases, monkeypatch
):
    _register(releases, "1")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ModelStore, "point_to", killed)
        with pytest.raises(KeyboardInterrupt):
            _register(releases, "2")
    assert _champion(releases) == "1"
    _register(releases, "2")
    assert _champion(releases) == "2"


def test_a_rollback_works_with_the_registry_out_of_reach(releases):
    _register(releases, "1")
    _register(releases, "2")
    releases.registry.fails = "champion"
    with pytest.raises(ConnectionError):
        releases.rollback()
    assert _champion(releases) == "1"
    assert champions(releases.store.ledger.read()) == ("1",)


def test_promoting_the_champion_again_repairs_its_files(releases):
    _register(releases, "1")
    (releases.store.folder / "released/1/model.onnx").unlink()
    entries = releases.store.ledger.read()
    releases.promote("1")
    assert _champion(releases) == "1"
    assert releases.store.ledger.read() == entries


def test_the_champion_judged_against_itself_stays_champion(releases):
    _register(releases, "1")
    entries = releases.store.ledger.read()
    _register(releases, "1", approved=False)
    assert releases.store.ledger.read() == entries
    assert releases.store.record("1").gate == "approved"


def test_a_version_judged_anew_gets_its_new_verdict(releases):
    _register(releases, "1", approved=False)
    _register(releases, "1")
    assert _champion(releases) == "1"
    assert releases.registry.tags["1"]["gate"] == "approved"
    last = [(e.action, e.gate) for e in releases.store.ledger.read()]
    assert last == [
        ("refuse", "refused"),
        ("register", "approved"),
        ("promote", "approved"),
    ]


def test_a_verdict_about_another_champion_releases_nothing(releases):
    _register(releases, "1")
    _register(releases, "2", against="1")
    _register(releases, "3", against="1")
    assert _champion(releases) == "2"
    assert releases.store.record("3").gate == "refused"
    last = releases.store.ledger.read()[-1]
    assert (last.action, last.version, last.gate) == ("refuse", "3", "refused")
    assert last.reason.startswith("compared with 1, but 2 reigns now")
    _register(releases, "3", against="2")
    assert _champion(releases) == "3"


def test_a_verdict_from_before_the_first_champion_is_not_in_force(releases):
    _register(releases, "1")
    _register(releases, "2", against=None)
    assert _champion(releases) == "1"
    assert "compared with no champion" in releases.store.record("2").reasons[0]


def test_of_two_that_wait_only_the_first_is_approved(releases):
    _register(releases, "1")
    _register(releases, "2", policy="approval")
    _register(releases, "3", policy="approval")
    releases.approve("2")
    with pytest.raises(ReleaseError, match="compared with 1, but 2 reigns now"):
        releases.approve("3")
    with pytest.raises(ReleaseError, match="compared with 1, but 2 reigns now"):
        releases.promote("3")
    assert _champion(releases) == "2"
    releases.promote("3", override=True, reason="known to be better")
    assert _champion(releases) == "3"


def test_repairing_a_champion_released_by_override_needs_none(releases):
    _register(releases, "1", approved=False)
    releases.promote("1", override=True, reason="the old one is down")
    (releases.store.folder / "released/1/model.onnx").unlink()
    releases.promote("1")
    assert _champion(releases) == "1"


def test_without_its_ledger_a_champion_is_neither_replaced_nor_lost(releases):
    _register(releases, "1")
    ledger = releases.store.ledger
    ledger.path.unlink()
    ledger.head.unlink()
    for change in (
        lambda: releases.register(_release("2")),
        lambda: releases.promote("1"),
        releases.rollback,
    ):
        with pytest.raises(LedgerError, match="with the release of 1, which champion"):
            change()
    assert _champion(releases) == "1"
    assert not ledger.path.exists()
    (releases.store.folder / "champion.json").unlink()
    releases.promote("1", override=True, reason="the ledger was lost")
    assert [e.action for e in ledger.read()] == ["promote"]
    assert _champion(releases) == "1"


def _numbers(releases):
    return {e.version: e.semantic_version for e in releases.store.ledger.read()}


def test_every_version_has_a_number_of_its_own(releases):
    _register(releases, "1")
    _register(releases, "2", approved=False)
    shutil.rmtree(releases.store.folder / "registered/2")
    _register(releases, "3")
    releases.rollback()
    _register(releases, "4")
    numbers = _numbers(releases)
    assert numbers == {"1": "1.0.0", "2": "1.0.1", "3": "1.0.2", "4": "1.0.3"}
    assert releases.store.record("4").semantic_version == "1.0.3"
    assert releases.registry.tags["4"]["semantic_version"] == "1.0.3"


@pytest.mark.parametrize("step", ["register", "challenger", "champion"])
def test_a_release_that_broke_off_keeps_its_number(releases, step):
    _register(releases, "1")
    releases.registry.fails = step
    with pytest.raises(ConnectionError):
        _register(releases, "2")
    releases.registry.fails = ""
    _register(releases, "3", approved=False)
    _register(releases, "2")
    assert _numbers(releases) == {"1": "1.0.0", "2": "1.0.1", "3": "1.0.2"}


@pytest.mark.parametrize("name", ["2b", "1.0.1", "2"])
def test_a_version_is_found_by_each_of_its_names(releases, name):
    _register(releases, "1a")
    _register(releases, "2b", approved=False)
    releases.promote(name, override=True, reason="known to be better")
    assert _champion(releases) == "2b"


def test_a_ledger_cut_with_its_head_is_refused_for_mlflow_knows_better(releases):
    _register(releases, "1")
    _register(releases, "2")
    ledger = releases.store.ledger
    lines = ledger.path.read_bytes().splitlines()[:2]
    ledger.path.write_bytes(b"\n".join(lines) + b"\n")
    ledger.head.unlink()
    with pytest.raises(LedgerError, match="restore both files from a copy"):
        _register(releases, "3")
    ledger.head.write_text(hashlib.sha256(lines[1]).hexdigest() + "\n")
    before = ledger.path.read_bytes()
    for change in (lambda: _register(releases, "3"), lambda: releases.promote("2")):
        with pytest.raises(LedgerError, match=r"expected 4 lines .* in MLflow has"):
            change()
    assert ledger.path.read_bytes() == before

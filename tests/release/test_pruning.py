"""Old models go; those that somebody may go back to, or decide on, stay."""

import pytest

from churn_pipeline.release.chain import LedgerError
from churn_pipeline.release.pruning import prune
from churn_pipeline.release.releases import Releases
from churn_pipeline.release.store import ModelStore
from tests.release.in_memory import MemoryRegistry, champion_of, register


def _names(pruned):
    return [path.as_posix() for path in pruned.removed]


def test_champions_to_go_back_to_and_the_newest_stay(releases):
    for version in ("1", "2", "3", "4"):
        register(releases, version)
    for version in ("5", "6", "7"):
        register(releases, version, approved=False)
    pruned = prune(releases, 1, dry_run=False)
    assert _names(pruned) == [f"registered/{v}" for v in ("1", "2", "5", "6")]
    assert releases.store.versions() == sorted(pruned.kept) == ["3", "4", "7"]
    assert champion_of(releases) == "4"
    assert releases.rollback() == "3"
    register(releases, "8")
    assert champion_of(releases) == "8"
    assert len(set(_numbers(releases))) == 8


def _numbers(releases):
    return {e.semantic_version for e in releases.store.ledger.read()}


def test_a_champion_that_was_rolled_back_is_an_old_model(releases):
    register(releases, "1")
    register(releases, "2")
    releases.rollback()
    register(releases, "3", approved=False)
    assert _names(prune(releases, 1, dry_run=False)) == ["registered/2"]


def test_a_model_that_waits_for_approval_stays(releases):
    register(releases, "1")
    register(releases, "2", policy="approval")
    for version in ("3", "4"):
        register(releases, version, approved=False)
    assert _names(prune(releases, 1, dry_run=False)) == ["registered/3"]
    releases.approve("2")
    assert champion_of(releases) == "2"


def test_what_a_kill_left_goes_too(releases):
    register(releases, "1")
    for folder in ("registered", "released"):
        (releases.store.folder / folder / ".new-abc/new").mkdir(parents=True)
    pruned = prune(releases, 5, dry_run=False)
    assert _names(pruned) == ["registered/.new-abc", "released/.new-abc"]
    assert not list(releases.store.folder.glob("*/.new-*"))
    assert champion_of(releases) == "1"


def test_a_dry_run_tells_the_same_and_removes_nothing(releases):
    for version in ("1", "2", "3"):
        register(releases, version)
    (releases.store.folder / "registered/.new-abc").mkdir()
    told = prune(releases, 1, dry_run=True)
    assert releases.store.versions() == ["1", "2", "3"]
    assert (releases.store.folder / "registered/.new-abc").is_dir()
    assert told == prune(releases, 1, dry_run=False)
    assert _names(told) == ["registered/1", "registered/.new-abc"]


def test_what_serves_stays_where_a_release_was_broken_off(releases, monkeypatch):
    for version in ("1", "2"):
        register(releases, version)
    monkeypatch.setattr(Releases, "settle", lambda _: None)
    releases.rollback()
    register(releases, "3", approved=False)
    assert releases.store.pointer().version == "2"
    assert _names(prune(releases, 1, dry_run=False)) == []


def test_with_an_altered_ledger_nothing_is_removed(releases):
    for version in ("1", "2", "3"):
        register(releases, version)
    ledger = releases.store.ledger.path
    ledger.write_text(ledger.read_text().replace("ada", "eve"))
    with pytest.raises(LedgerError, match="altered"):
        prune(releases, 1, dry_run=False)
    assert releases.store.versions() == ["1", "2", "3"]


def test_before_the_first_model_nothing_is_made(tmp_path):
    none = Releases(ModelStore(tmp_path / "models"), MemoryRegistry(), who="ada")
    assert prune(none, 1, dry_run=False) == (frozenset(), ())
    assert not list(tmp_path.iterdir())

"""The ledger: chained, tamper evident, whole after a kill."""

import hashlib
import json
import os

import pytest

from churn_pipeline.release.chain import LedgerError
from churn_pipeline.release.ledger import Entry, Ledger, champions


def _entry(action="promote", version="1", previous=None):
    return Entry(
        time="2026-01-01T00:00:00+00:00",
        who="ada",
        action=action,
        version=version,
        previous=previous,
        reason="better",
        gate="approved",
    )


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "models" / "ledger.jsonl")
    for version in ("1", "2", "3"):
        ledger.append(_entry(version=version))
    return ledger


def test_entries_come_back_in_order(ledger):
    assert [entry.version for entry in ledger.read()] == ["1", "2", "3"]
    assert ledger.read()[0] == _entry(version="1")


def test_a_ledger_that_is_not_there_yet_is_empty(tmp_path):
    assert Ledger(tmp_path / "none.jsonl").read() == []


@pytest.mark.parametrize("line", [0, 1, 2])
def test_an_altered_line_is_found(ledger, line):
    lines = ledger.path.read_text().splitlines(keepends=True)
    lines[line] = lines[line].replace("ada", "eve")
    ledger.path.write_text("".join(lines))
    with pytest.raises(LedgerError, match=f"line {line + 1}: .*altered"):
        ledger.read()


def test_an_altered_line_with_its_own_hash_made_anew_is_found(ledger):
    lines = ledger.path.read_text().splitlines(keepends=True)
    other = Ledger(ledger.path.parent / "other.jsonl")
    other.append(_entry(version="9"))
    lines[0] = other.path.read_text()
    ledger.path.write_text("".join(lines))
    with pytest.raises(LedgerError, match=r"line 2: .*altered or removed"):
        ledger.read()


def test_a_removed_line_is_found(ledger):
    lines = ledger.path.read_text().splitlines(keepends=True)
    ledger.path.write_text(lines[0] + lines[2])
    with pytest.raises(LedgerError, match="line 2"):
        ledger.read()


def test_nothing_is_appended_to_an_altered_ledger(ledger):
    ledger.path.write_text(ledger.path.read_text().replace("ada", "eve"))
    before = ledger.path.read_text()
    with pytest.raises(LedgerError):
        ledger.append(_entry(version="4"))
    assert ledger.path.read_text() == before


def test_a_line_that_a_kill_cut_off_is_overwritten(ledger):
    whole = ledger.path.read_bytes()
    *_, before, last = whole.splitlines(keepends=True)
    ledger.head.write_text(hashlib.sha256(before.strip()).hexdigest() + "\n")
    for cut in (1, len(last) // 2, len(last) - 1):
        ledger.path.write_bytes(whole[: -len(last)] + last[:cut])
        assert [entry.version for entry in ledger.read()] == ["1", "2"]
    ledger.append(_entry(version="4"))
    assert [entry.version for entry in ledger.read()] == ["1", "2", "4"]


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_lines_cut_off_the_end_are_missed(ledger, kept):
    lines = ledger.path.read_text().splitlines(keepends=True)
    ledger.path.write_text("".join(lines[:kept]))
    for ask in (ledger.read, lambda: ledger.append(_entry(version="4"))):
        with pytest.raises(LedgerError, match=f"got {kept} lines without it"):
            ask()


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_without_its_head_no_ledger_is_believed(ledger, kept):
    lines = ledger.path.read_text().splitlines(keepends=True)
    ledger.path.write_text("".join(lines[:kept]))
    ledger.head.unlink()
    for ask in (ledger.read, lambda: ledger.append(_entry(version="4"))):
        with pytest.raises(LedgerError, match=r"ledger\.head .*restore both files"):
            ask()


def test_a_seal_still_fits_when_the_ledger_has_gone_on(ledger):
    seal = ledger.seal()
    ledger.compare(seal.state, "a tag")
    ledger.append(_entry(version="4"))
    ledger.compare(seal.state, "a tag")
    assert ledger.seal().ledger == seal.ledger
    assert ledger.seal().state.startswith("4 ")
    assert Ledger(ledger.path.with_name("none.jsonl")).seal() is None


def test_a_seal_tells_of_lines_cut_off_with_the_head_made_to_fit(ledger):
    seal = ledger.seal()
    lines = ledger.path.read_bytes().splitlines()
    ledger.path.write_bytes(lines[0] + b"\n")
    ledger.head.write_text(hashlib.sha256(lines[0]).hexdigest() + "\n")
    assert [entry.version for entry in ledger.read()] == ["1"]
    assert ledger.seal().ledger == seal.ledger
    with pytest.raises(
        LedgerError, match=r"expected 3 lines or more.* a tag has, got 1"
    ):
        ledger.compare(seal.state, "a tag")
    with pytest.raises(LedgerError, match="restore both"):
        ledger.compare("nonsense", "a tag")


def test_a_ledger_that_is_gone_is_missed_and_not_begun_anew(ledger):
    ledger.path.unlink()
    with pytest.raises(LedgerError, match="restore both files from a copy"):
        ledger.append(_entry(version="4"))
    assert not ledger.path.exists()


def test_a_kill_before_the_head_is_written_loses_no_line(ledger, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            ledger.append(_entry(version="4"))
    ledger.append(_entry(version="5"))
    assert [entry.version for entry in ledger.read()] == ["1", "2", "3", "4", "5"]


def test_every_line_is_json_with_who_when_and_why(ledger):
    line = json.loads(ledger.path.read_text().splitlines()[0])
    assert (
        line.items() >= {"who": "ada", "action": "promote", "reason": "better"}.items()
    )


def test_rolling_back_twice_goes_back_two():
    entries = [_entry(version=version) for version in ("1", "2", "3")]
    entries += [_entry("rollback", "2"), _entry("rollback", "1")]
    assert champions(entries) == ("1",)
    assert champions([*entries, _entry(version="4")]) == ("1", "4")


def test_a_rollback_before_the_first_champion_leaves_none():
    assert champions([_entry("rollback", "1")]) == ()


def test_only_promotion_approval_and_rollback_change_the_champion():
    entries = [_entry("register", "1"), _entry("approve", "1"), _entry("refuse", "2")]
    assert champions(entries) == ("1",)

"""What was changed is written, each time; who was refused as well, within bounds."""

import errno
import json
import os

import pytest

from churn_pipeline.serving.access import audit as module
from churn_pipeline.serving.access.audit import Audit
from churn_pipeline.serving.access.roles import Caller, Role

DESK = Caller("desk", Role.PREDICT, "a" * 16)
KEY = "ck_" + "A1-_" * 10 + "xyz"


class Clock:
    now = 6000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def audit(tmp_path, clock):
    return Audit(tmp_path, clock)


def _lines(folder, name="security.jsonl"):
    path = folder / name
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def _refuse(audit, address="10.0.0.1", **told):
    told = {"caller": None, "agent": "curl", "reason": "unknown_key"} | told
    audit.write("unauthenticated", address=address, **told)


def test_a_refusal_is_a_line_with_all_that_a_siem_asks_for(audit, tmp_path):
    told = {"address": "10.0.0.1", "agent": "curl", "reason": "forbidden at /rollout"}
    audit.write("forbidden", caller=DESK, **told)
    (line,) = _lines(tmp_path)
    assert line == {
        "time": "1970-01-01T01:40:00.000+00:00",
        "kind": "forbidden",
        "name": "desk",
        "key_hash": "a" * 16,
        **told,
    }
    assert (tmp_path / "security.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_change_goes_to_a_file_that_refusals_do_not_reach(audit, tmp_path):
    for n in range(500):
        told = {"address": "", "agent": "", "reason": str(n)}
        audit.write("rollout_changed", caller=DESK, **told)
    assert [line["reason"] for line in _lines(tmp_path, "audit.jsonl")] == [
        str(n) for n in range(500)
    ]
    assert not (tmp_path / "security.jsonl").exists()


def test_a_flood_of_one_leaves_room_for_another(audit, tmp_path, clock):
    for _ in range(10_000):
        _refuse(audit)
    _refuse(audit, "10.0.0.2")
    clock.now += 60
    audit.refresh()
    *lines, last = _lines(tmp_path)
    assert [line["address"] for line in lines] == ["10.0.0.1"] * 5 + ["10.0.0.2"]
    assert last["counts"] == {"unauthenticated": 9995}
    assert last["most"][0]["address"] == "10.0.0.1"


def test_a_flood_of_many_is_bounded_in_lines_and_memory(audit, tmp_path):
    for n in range(10_000):
        _refuse(audit, f"10.0.{n // 256}.{n % 256}")
    audit.close()
    *lines, last = _lines(tmp_path)
    assert len(lines) == 60
    assert last["counts"] == {"unauthenticated": 9940}
    assert len(last["most"]) == 5
    assert (tmp_path / "security.jsonl").stat().st_size < 16_000


def test_the_next_minute_has_lines_again(audit, tmp_path, clock):
    for _ in range(3):
        for _ in range(10):
            _refuse(audit)
        clock.now += 60
    audit.refresh()
    kinds = [line["kind"] for line in _lines(tmp_path)]
    assert kinds == ([*["unauthenticated"] * 5, "suppressed"]) * 3


def test_the_file_is_rotated_and_the_oldest_goes(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 2000)
    workers = [Audit(tmp_path, clock) for _ in range(3)]
    for n in range(300):
        _refuse(workers[n % 3], reason=str(n))
        clock.now += 60
    older = [f"security.{n}.jsonl" for n in (4, 3, 2, 1)]
    names = {path.name for path in tmp_path.iterdir()}
    assert names - {"security.jsonl"} == set(older)
    kept = [
        int(line["reason"])
        for name in [*older, "security.jsonl"]
        if name in names  # not where the last line rotated it
        for line in _lines(tmp_path, name)
    ]
    assert kept == list(range(kept[0], 300))
    assert all(path.stat().st_size < 2200 for path in tmp_path.iterdir())


def test_a_line_cannot_be_broken_or_filled(audit, tmp_path):
    _refuse(audit, agent='x\n{"kind": "forged"}\r\x00\x1b[31m\u2028' + "y" * 10_000)
    (line,) = _lines(tmp_path)
    assert line["kind"] == "unauthenticated"
    assert len(line["agent"]) == 200


def test_a_key_sent_in_the_wrong_place_is_not_written(audit, tmp_path):
    cut = "x" * 180 + KEY
    for agent in (f"curl {KEY}", cut):
        _refuse(audit, agent=agent, reason=f"unknown_key at /predict/{KEY}")
    text = (tmp_path / "security.jsonl").read_text()
    assert KEY[3:20] not in text
    assert "ck_" not in text.replace("ck_\\u2026", "")


def test_of_many_keys_in_one_header_none_is_written_by_half(audit, tmp_path):
    _refuse(audit, agent=KEY * 9)
    assert KEY[3:20] not in (tmp_path / "security.jsonl").read_text()


def test_a_full_disk_does_not_keep_a_refusal_from_its_sender(
    audit, monkeypatch, caplog
):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    for _ in range(3):
        _refuse(audit)
    assert audit.lost == 3
    assert len(caplog.records) == 1
    with pytest.raises(OSError, match="No space left"):
        audit.write("key_added", caller=None, address="", agent="", reason="")


def test_what_the_disk_takes_in_parts_is_a_whole_line(audit, tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:7]))
    audit.write("key_added", caller=DESK, address="", agent="", reason="one")
    (line,) = _lines(tmp_path, "audit.jsonl")
    assert (line["kind"], line["reason"]) == ("key_added", "one")


def test_of_a_line_that_does_not_fit_nothing_is_left(audit, tmp_path, monkeypatch):
    told = {"caller": DESK, "address": "", "agent": ""}
    audit.write("key_added", **told, reason="one")
    write = os.write

    def full(file, line):
        if len(line) < 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, line[:20])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            audit.write("key_added", **told, reason="two")
    audit.write("key_added", **told, reason="three")
    lines = _lines(tmp_path, "audit.jsonl")
    assert [line["reason"] for line in lines] == ["one", "three"]

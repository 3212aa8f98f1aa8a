"""Who a key belongs to, while the file of keys changes."""

import logging
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_pipeline.serving.access import ring as module
from churn_pipeline.serving.access.keys import (
    KeyFileError,
    add_key,
    read_keys,
    revoke_key,
)
from churn_pipeline.serving.access.ring import KeyRing
from churn_pipeline.serving.access.roles import Rate, Role
from churn_pipeline.serving.refusal import Refusal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


def _code(ring, key):
    with pytest.raises(Refusal) as refused:
        ring.caller(key)
    assert refused.value.status == 401
    return refused.value.problems[0].code


def test_a_key_opens_with_its_name_role_and_limit(path):
    key = add_key(path, "desk", Role.PREDICT, rate="5/second").encode()
    caller = KeyRing(path).caller(key)
    assert (caller.name, caller.role, caller.rate) == ("desk", "predict", Rate(5, 1))
    assert len(caller.key_hash) == 16


def test_without_keys_nobody_gets_in(path):
    ring = KeyRing(path)
    assert len(ring) == 0
    assert _code(ring, None) == "missing_key"
    assert _code(ring, b"ck_" + b"A" * 43) == "unknown_key"


def test_an_expired_key_is_refused_from_its_second_on(path):
    key = add_key(path, "desk", Role.PREDICT, days=1).encode()
    now = module.time.time()
    clock = iter([now + 86_398, now + 86_400])
    ring = KeyRing(path, clock=lambda: next(clock))
    assert ring.caller(key).name == "desk"
    assert _code(ring, key) == "expired_key"


def test_what_changes_in_the_file_counts_after_a_refresh(path):
    ring = KeyRing(path)
    key = add_key(path, "desk", Role.PREDICT).encode()
    other = add_key(path, "other", Role.PREDICT).encode()
    ring.refresh()
    assert ring.caller(key).name == "desk"
    revoke_key(path, "desk")
    ring.refresh()
    assert _code(ring, key) == "revoked_key"
    assert ring.caller(other).name == "other"


def test_a_file_that_is_gone_lets_nobody_in(path):
    key = add_key(path, "desk", Role.PREDICT).encode()
    ring = KeyRing(path)
    path.unlink()
    ring.refresh()
    assert _code(ring, key) == "unknown_key"


def test_a_file_that_broke_while_serving_leaves_the_keys_read_before(path, caplog):
    key = add_key(path, "desk", Role.PREDICT).encode()
    whole = path.read_text()
    ring = KeyRing(path)
    path.write_text("{")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            ring.refresh()
    assert ring.caller(key).name == "desk"
    assert "its start" in ring.problem
    assert len(caplog.records) == 1  # not one a second
    path.write_text(whole)
    ring.refresh()
    assert ring.problem is None


def test_a_broken_file_at_the_start_stops_the_start(path):
    path.write_text("{")
    with pytest.raises(KeyFileError):
        KeyRing(path)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b" ",
        b"ck_",
        b"\xff" * 46,
        b"\x00" * 46,
        b"x" * 60_000,
        "ключ".encode() * 9,
        b"null",
        b"Bearer ck_",
    ],
)
def test_strange_keys_are_unknown_and_not_shown(path, key):
    add_key(path, "desk", Role.PREDICT)
    with pytest.raises(Refusal) as refused:
        KeyRing(path).caller(key)
    assert refused.value.problems[0].code == "unknown_key"
    assert len(str(refused.value)) < 120
    assert "ck_" not in str(refused.value)


def test_a_key_with_one_character_more_less_or_changed_is_unknown(path):
    key = add_key(path, "desk", Role.PREDICT).encode()
    ring = KeyRing(path)
    changed = key[:-1] + (b"A" if key[-1:] != b"A" else b"B")
    for wrong in (key[:-1], key + b" ", b" " + key, key.upper(), key.lower(), changed):
        assert _code(ring, wrong) == "unknown_key"


@given(st.text(string.ascii_letters + string.digits + "-_", min_size=43, max_size=43))
def test_no_guess_opens(tmp_path_factory, guess):
    path = tmp_path_factory.mktemp("guess") / "keys.json"
    add_key(path, "desk", Role.PREDICT)
    assert _code(KeyRing(path), f"ck_{guess}".encode()) == "unknown_key"


def test_hashes_are_compared_in_constant_time(path, monkeypatch):
    key = add_key(path, "desk", Role.PREDICT).encode()
    ring, compared = KeyRing(path), []
    monkeypatch.setattr(
        module, "compare_digest", lambda a, b: compared.append((a, b)) or False
    )
    assert _code(ring, key) == "unknown_key"  # what it says is what counts
    assert len(compared) == 1


def test_a_key_made_a_moment_ago_opens_before_anybody_has_refreshed(tmp_path):
    path = tmp_path / "keys.json"
    add_key(path, "first", Role.PREDICT)
    ring = KeyRing(path)
    new = add_key(path, "second", Role.PREDICT)
    assert ring.caller(new.encode()).name == "second"


def test_strangers_do_not_have_a_broken_file_read_each_time(path, monkeypatch):
    add_key(path, "desk", Role.PREDICT)
    ring = KeyRing(path)
    path.write_text("{")
    read = []
    monkeypatch.setattr(module, "read_keys", lambda p: read.append(p) or read_keys(p))
    for _ in range(5):
        with pytest.raises(Refusal):
            ring.caller(b"ck_" + b"x" * 43)
    assert (len(read), ring.problem is None) == (1, False)
    ring.refresh()
    assert len(read) == 2

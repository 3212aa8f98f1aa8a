"""The door: one valid key, the right role, within its limit; else a line is written."""

import json
import logging

import pytest

from churn_pipeline.serving.access.gate import Access
from churn_pipeline.serving.access.keys import add_key, revoke_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.refusal import Refusal


@pytest.fixture
def access(tmp_path):
    made = Access(tmp_path, {})
    yield made
    made.close()


def _key(access, tmp_path, name="desk", role=Role.PREDICT, **given):
    secret = add_key(tmp_path / "keys.json", name, role, **given)
    access.refresh()
    return secret.encode()


def _with(*keys):
    sent = [(b"x-api-key", key) for key in keys]
    return [(b"host", b"a"), (b"user-agent", b"curl/8"), *sent]


def _refused(access, headers, endpoint="/predict"):
    with pytest.raises(Refusal) as refused:
        access.admit(headers, "10.0.0.1", endpoint)
    return refused.value


def _lines(tmp_path):
    return [json.loads(ln) for ln in (tmp_path / "security.jsonl").open()]


def test_a_valid_key_is_admitted_and_nothing_is_written(access, tmp_path):
    key = _key(access, tmp_path)
    assert access.admit(_with(key), "10.0.0.1", "/predict").name == "desk"
    assert not (tmp_path / "security.jsonl").exists()


def test_where_no_key_was_ever_made_nobody_gets_in(access):
    for headers in ([], _with(), _with(b""), _with(b"ck_" + b"A" * 43)):
        refused = _refused(access, headers)
        assert refused.status == 401
        assert dict(refused.headers) == {
            b"www-authenticate": b'ApiKey header="X-API-Key"'
        }


def test_several_keys_are_refused_though_each_is_valid(access, tmp_path):
    key = _key(access, tmp_path)
    for headers in (_with(key, key), _with(key, b"x"), _with(b"", key)):
        refused = _refused(access, headers)
        assert (refused.status, refused.problems[0].code) == (401, "repeated_key")


def test_a_key_in_another_header_counts_for_nothing(access, tmp_path):
    key = _key(access, tmp_path)
    for name in (b"authorization", b"x-api-key ", b"x_api_key", b"cookie"):
        assert _refused(access, [(name, key)]).status == 401


def test_each_refusal_is_written_with_whose_key_it_was(access, tmp_path):
    key = _key(access, tmp_path, rate="1/minute")
    access.admit(_with(key), "10.0.0.1", "/predict")
    limited = _refused(access, _with(key))
    assert limited.status == 429
    assert limited.retry_after >= 1
    _refused(access, _with(key), "/rollout")
    _refused(access, _with())
    hashed = access.keys.caller(key).key_hash
    assert [
        (line["kind"], line["name"], line["key_hash"], line["agent"], line["reason"])
        for line in _lines(tmp_path)
    ] == [
        ("rate_limited", "desk", hashed, "curl/8", "rate_limited at /predict"),
        ("forbidden", "desk", hashed, "curl/8", "forbidden at /rollout"),
        ("unauthenticated", "", "", "curl/8", "missing_key at /predict"),
    ]


def test_a_refused_role_uses_nothing_of_the_limit(access, tmp_path):
    key = _key(access, tmp_path, rate="1/minute")
    for _ in range(3):
        assert _refused(access, _with(key), "/metrics").status == 403
    access.admit(_with(key), "10.0.0.1", "/predict")


def test_a_key_revoked_while_serving_is_refused_after_a_refresh(access, tmp_path):
    key = _key(access, tmp_path)
    hashed = access.admit(_with(key), "10.0.0.1", "/predict").key_hash
    revoke_key(tmp_path / "keys.json", "desk")
    access.refresh()
    assert _refused(access, _with(key)).problems[0].code == "revoked_key"
    assert _lines(tmp_path)[0]["key_hash"] == hashed


@pytest.mark.parametrize(
    "sent",
    [
        b"hunter2",
        b"x" * 60_000,
        b"\xff\xfe\x00" * 20,
        b"ck_" + b"\xc3\xa9" * 22,
        b" " * 46,
        b"\r\nX-Admin: 1",
    ],
)
def test_what_is_no_key_is_neither_written_nor_hashed(access, tmp_path, sent, caplog):
    with caplog.at_level(logging.DEBUG):
        refused = _refused(access, _with(sent))
    assert refused.status == 401
    (line,) = _lines(tmp_path)
    assert line["key_hash"] == ""
    for told in (json.dumps(line), str(refused), caplog.text):
        assert len(told) < 400
        assert sent.decode("latin-1") not in told


def test_no_key_is_in_any_file_error_or_log(access, tmp_path, caplog):
    with caplog.at_level(logging.DEBUG):
        good = _key(access, tmp_path, rate="1/minute")
        revoked = _key(access, tmp_path, "gone")
        revoke_key(tmp_path / "keys.json", "gone")
        access.refresh()
        access.admit(_with(good), "10.0.0.1", "/predict")
        unknown = b"ck_" + b"Zz" * 21 + b"9"
        told = [
            str(_refused(access, _with(key)).problems)
            for key in (good, revoked, unknown)
        ]
        told.append(str(_refused(access, _with(good), "/rollout").problems))
    told += [path.read_text() for path in tmp_path.iterdir()] + [caplog.text]
    for key in (good, revoked, unknown):
        assert not [text for text in told if key[3:20].decode() in text]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CHURN_RATE_LIMIT", "often"),
        ("CHURN_RATE_STORE", "memcached://127.0.0.1"),
        ("CHURN_RATE_STORE", "redis"),
    ],
)
def test_a_variable_that_makes_no_sense_stops_the_start(tmp_path, variable, value):
    with pytest.raises(ValueError, match="expected"):
        Access(tmp_path, {variable: value})


def test_the_limit_of_all_keys_is_configured(tmp_path):
    access = Access(tmp_path, {"CHURN_RATE_LIMIT": "2/minute"})
    key = _key(access, tmp_path)
    for _ in range(2):
        access.admit(_with(key), "10.0.0.1", "/predict")
    assert _refused(access, _with(key)).status == 429

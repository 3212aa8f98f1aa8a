"""The file of keys: hashes only, for its owner alone, changed by one at a time."""

import datetime as dt
import json
import subprocess
import sys

import pytest

from churn_pipeline.serving.access import keys as module
from churn_pipeline.serving.access.keys import (
    LENGTH,
    KeyFileError,
    add_key,
    read_keys,
    revoke_key,
)
from churn_pipeline.serving.access.roles import Role


@pytest.fixture
def path(tmp_path):
    return tmp_path / "service" / "keys.json"


def test_no_file_is_no_key(path):
    assert read_keys(path) == ()


def test_the_file_holds_a_hash_and_nothing_of_the_key(path):
    secret = add_key(path, "desk", Role.PREDICT)
    assert len(secret) == LENGTH
    assert secret[3:] not in path.read_text()
    (key,) = read_keys(path)
    assert (key.name, key.role, key.expires) == ("desk", Role.PREDICT, None)
    assert {file.name for file in path.parent.iterdir()} == {
        "keys.json",
        ".keys.json.lock",
    }


def test_the_file_is_its_owners_alone(path):
    add_key(path, "desk", Role.PREDICT)
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_keys_are_never_the_same(path):
    made = {add_key(path, f"desk-{i}", Role.PREDICT) for i in range(50)}
    assert len(made) == 50


def test_a_key_expires_after_its_days(path):
    add_key(path, "desk", Role.PREDICT, days=2)
    (key,) = read_keys(path)
    assert key.expires - key.created == dt.timedelta(days=2)
    second = dt.timedelta(seconds=1)
    assert key.state(key.expires - second) == "valid"
    assert key.state(key.expires) == "expired"


def test_a_taken_name_is_refused_until_its_key_is_revoked(path):
    add_key(path, "desk", Role.PREDICT)
    with pytest.raises(KeyFileError, match=r"got 'desk'.*keys revoke desk"):
        add_key(path, "desk", Role.ADMIN)
    revoke_key(path, "desk")
    add_key(path, "desk", Role.ADMIN)
    assert [(k.role, k.revoked is None) for k in read_keys(path)] == [
        (Role.PREDICT, False),
        (Role.ADMIN, True),
    ]


@pytest.mark.parametrize("name", ["", " a", "a b", "a/b", "é", "-a", "a" * 65, "a\n"])
def test_a_name_that_would_break_a_log_is_refused(path, name):
    with pytest.raises(KeyFileError, match="expected a name of 1 to 64 letters"):
        add_key(path, name, Role.PREDICT)
    assert not path.exists()


@pytest.mark.parametrize("rate", ["often", "0/minute", "-1/minute", ""])
def test_a_limit_that_is_none_is_refused(path, rate):
    with pytest.raises(KeyFileError, match="expected a limit such as 600/minute"):
        add_key(path, "desk", Role.PREDICT, rate=rate)


@pytest.mark.parametrize(
    ("name", "hint"), [("dsek", "did you mean 'desk'"), ("zz", "`kedro churn keys")]
)
def test_revoking_nobodys_key_names_the_near_one(path, name, hint):
    add_key(path, "desk", Role.PREDICT)
    with pytest.raises(KeyFileError, match=hint):
        revoke_key(path, name)


def test_a_key_is_revoked_once(path):
    add_key(path, "desk", Role.PREDICT)
    revoke_key(path, "desk")
    with pytest.raises(KeyFileError, match="there is no key to revoke"):
        revoke_key(path, "desk")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_trusted(path, mode):
    add_key(path, "desk", Role.PREDICT)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=rf"permissions 0{mode:o}; run `chmod 600"):
        read_keys(path)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "its start"),
        ("[]", "its start"),
        ('{"version": 2}', "version"),
        ('{"keys": [{"name": "a"}]}', "keys.0"),
        ('{"keyz": []}', "its start"),
        ("\xff", "its start"),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused_and_not_shown(path, text, where):
    path.parent.mkdir()
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(KeyFileError, match=f"breaks at {where}"):
        read_keys(path)


def test_a_hash_that_was_cut_is_refused(path):
    add_key(path, "desk", Role.PREDICT)
    told = json.loads(path.read_text())
    told["keys"][0]["sha256"] = told["keys"][0]["sha256"][:-1]
    path.write_text(json.dumps(told))
    with pytest.raises(KeyFileError, match=r"keys\.0\.sha256"):
        read_keys(path)


def test_commands_at_once_lose_no_key(path):
    program = (
        "import sys, pathlib\n"
        "from churn_pipeline.serving.access.keys import add_key\n"
        "from churn_pipeline.serving.access.roles import Role\n"
        "for i in range(20):\n"
        "    add_key(pathlib.Path(sys.argv[1]), f'{sys.argv[2]}-{i}', Role.PREDICT)\n"
    )
    begun = [
        subprocess.Popen([sys.executable, "-c", program, str(path), name])
        for name in "abc"
    ]
    assert [process.wait(60) for process in begun] == [0, 0, 0]
    names = {f"{name}-{i}" for name in "abc" for i in range(20)}
    assert {key.name for key in read_keys(path)} == names


def test_a_kill_while_writing_leaves_the_old_file(path, monkeypatch):
    add_key(path, "desk", Role.PREDICT)
    before = path.read_text()

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("churn_pipeline.release.atomic.os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        module.add_key(path, "other", Role.PREDICT)
    assert path.read_text() == before

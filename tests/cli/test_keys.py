"""`kedro churn keys`: a key is printed once, alone; the rest is for people."""

import json
import re
import subprocess
import sys
from hashlib import sha256

import pytest
from click.testing import CliRunner

from churn_pipeline.cli import churn
from churn_pipeline.processes import account
from churn_pipeline.serving.access.ring import KeyRing
from tests.conftest import ROOT


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of the service of telco."""
    monkeypatch.setenv("CHURN_SERVICE_DIR", str(tmp_path))
    monkeypatch.chdir(ROOT)
    return tmp_path / "telco"


def _run(*args):
    return CliRunner().invoke(churn, ["keys", *args, "--env", "telco"])


def _refused(*args):
    failed = _run(*args)
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr.count("\n") == 1
    return failed.stderr


def test_add_prints_the_key_alone_and_it_opens(folder):
    done = _run("add", "desk", "--role", "predict", "--expires", "90")
    assert done.exit_code == 0, done.stderr
    assert re.fullmatch(r"ck_[\w-]{43}\n", done.stdout)
    key = done.stdout.strip()
    assert key not in done.stderr
    assert "valid for 90 days" in done.stderr
    assert KeyRing(folder / "keys.json").caller(key.encode()).role == "predict"


def test_a_key_goes_to_the_data_set_that_is_asked_for(folder):
    _run("add", "desk", "--role", "predict")
    made = {path.name for path in folder.iterdir()}
    assert made == {"keys.json", ".keys.json.lock", "audit.jsonl"}
    assert [path.name for path in folder.parent.iterdir()] == ["telco"]


def test_list_shows_all_but_the_key(folder):
    key = _run("add", "desk", "--role", "operate", "--rate", "5/second").stdout.strip()
    shown = _run("list").stdout
    head, row = shown.splitlines()
    assert head.split()[:3] == ["name", "role", "state"]
    assert row.split()[:4] == ["desk", "operate", "valid", "5/second"]
    (told,) = json.loads(_run("list", "--json").stdout)
    assert (told["name"], told["state"], told["expires"]) == ("desk", "valid", None)
    assert told["key_hash"] == row.split()[-1]
    assert key[3:20] not in shown + json.dumps(told)
    assert "sha256" not in told


def test_without_a_key_list_says_how_to_make_one(folder):
    assert _run("list").stdout == (
        "no key yet, so nobody gets in: `kedro churn keys add NAME --role predict "
        "--env telco`\n"
    )


def test_a_revoked_key_is_listed_as_such_and_its_name_is_free(folder):
    _run("add", "desk", "--role", "predict")
    assert "within a second" in _run("revoke", "desk").stdout
    assert _run("add", "desk", "--role", "predict").exit_code == 0
    states = [key["state"] for key in json.loads(_run("list", "--json").stdout)]
    assert states == ["revoked", "valid"]


def test_changes_of_keys_are_in_the_audit_log(folder):
    key = _run("add", "desk", "--role", "predict").stdout.strip()
    _run("revoke", "desk")
    text = (folder / "audit.jsonl").read_text()
    added, revoked = (json.loads(line) for line in text.splitlines())
    assert (added["kind"], revoked["kind"]) == ("key_added", "key_revoked")
    hashed = sha256(key.encode()).hexdigest()[:16]
    assert added["reason"].startswith(f"desk, role predict, key {hashed}, by ")
    assert key[3:20] not in text


def test_no_variable_says_who_changed_a_key(folder, monkeypatch):
    monkeypatch.setenv("LOGNAME", "somebody else")
    _run("add", "desk", "--role", "predict")
    told = json.loads((folder / "audit.jsonl").read_text())
    assert told["reason"].endswith(f", by {account()}")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("add", "a", "--role", "operater"), "got 'operater'; did you mean operate?"),
        (
            ("add", "a", "--role", "boss"),
            "predict, feedback, operate, desk, admin, got 'b",
        ),
        (("add", "a b", "--role", "admin"), "expected a name of 1 to 64 letters"),
        (("add", "a", "--role", "admin", "--rate", "x"), "a limit such as 600/minute"),
        (("revoke", "nobody"), "there is no key to revoke"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_is_right(folder, args, told):
    assert told in _refused(*args)
    assert not (folder / "keys.json").exists()


def test_a_taken_name_is_refused(folder):
    _run("add", "desk", "--role", "predict")
    assert "kedro churn keys revoke desk" in _refused("add", "desk", "--role", "admin")


def test_a_data_set_that_there_is_not_is_refused(folder):
    failed = CliRunner().invoke(churn, ["keys", "list", "--env", "telko"])
    assert failed.exit_code == 1
    assert "no data set is called 'telko'" in failed.stderr


def test_a_file_that_others_may_write_is_told(folder):
    _run("add", "desk", "--role", "predict")
    (folder / "keys.json").chmod(0o666)
    assert "chmod 600" in _refused("list")


def test_the_command_prints_the_key_alone_through_kedro(folder):
    command = ["kedro", "churn", "keys", "add", "desk", "--role", "predict", "-e"]
    done = subprocess.run(
        [sys.executable, "-m", *command, "telco"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"ck_[\w-]{43}\n", done.stdout)


def test_a_key_that_cannot_be_written_to_the_audit_log_is_not_made(folder):
    (folder / "audit.jsonl").mkdir(parents=True)
    assert "audit.jsonl" in _refused("add", "desk", "--role", "predict")
    assert json.loads(_run("list", "--json").stdout or "[]") == []


def test_a_key_is_revoked_also_where_that_cannot_be_written_down(folder):
    _run("add", "desk", "--role", "predict")
    (folder / "audit.jsonl").unlink()
    (folder / "audit.jsonl").mkdir()
    assert "revoked, but that is not in the audit log" in _refused("revoke", "desk")
    (told,) = json.loads(_run("list", "--json").stdout)
    assert told["state"] == "revoked"

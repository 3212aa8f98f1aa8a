"""`kedro churn forget`: a customer is erased everywhere, and it is proven."""

from __future__ import annotations

import json

from click.testing import CliRunner

from churn_pipeline.cli import churn, forget
from tests.serving.desk.files import leave_list, leave_outcomes
from tests.serving.online.stores import sqlite_store


def run(*args: str):
    return CliRunner().invoke(churn, args, env={"COLUMNS": "100"})


def test_forget_erases_one_customer_and_the_audit_log_does_not_say_whom(
    service,
) -> None:
    done = run("forget", "customer-ann")
    assert done.exit_code == 0, done.output
    assert "predictions      1 before, 0 left" in done.output
    assert "files            0 places with the bytes" in done.output
    (line,) = (service / "audit.jsonl").read_text("utf-8").splitlines()
    told = json.loads(line)
    assert told["kind"] == "customer_forgotten"
    assert told["reason"].startswith(
        "1 predictions, 0 labels, 0 online features, 0 call lists, 0 call outcomes: "
        "complete, by "
    )
    for path in service.iterdir():
        assert b"customer-ann" not in path.read_bytes()
    assert run("replay", "many", "--row", "1").exit_code == 0


def test_forget_erases_the_online_features_too(service, tmp_path, monkeypatch) -> None:
    dataset = forget.releases_of(None).registry.dataset
    path = tmp_path / "online.db"
    row = {"plan": "plus", "age": 41.0}
    place = sqlite_store(path, {"customer-ann": row, "customer-ben": row}, dataset)
    monkeypatch.setenv("CHURN_ONLINE_STORE", place)
    done = run("forget", "customer-ann")
    assert done.exit_code == 0, done.output
    assert "online features  3 before, 0 left" in done.output
    assert b"customer-ann" not in path.read_bytes()
    assert b"customer-ben" in path.read_bytes()
    path.write_bytes(b"no database")
    done = run("forget", "customer-ben")
    assert done.exit_code == 1
    assert "expected an online store that answers at sqlite:///" in done.output


def test_forget_reaches_every_list_of_calls_and_what_became_of_it(
    service, tmp_path
) -> None:
    folder = tmp_path / "data/07_model_output/tiny"
    for day in (1, 2):
        leave_list(folder, f"2026-02-0{day}T06.00.00.000Z")
    leave_outcomes(folder)
    done = run("forget", "C-2")
    assert done.exit_code == 0, done.output
    assert "call lists       4 before, 0 left" in done.output
    assert "call outcomes    1 before, 0 left" in done.output
    again = run("forget", "C-2")
    assert again.exit_code == 0, again.output
    assert "call lists       0 before, 0 left" in again.output
    lines = (service / "audit.jsonl").read_text("utf-8").splitlines()
    assert "4 call lists, 1 call outcomes: complete" in json.loads(lines[0])["reason"]
    assert "C-2" not in "".join(lines)


def test_where_no_service_has_run_the_lists_are_erased_all_the_same(
    service, tmp_path, monkeypatch
) -> None:
    (service / "journal.db").unlink()
    leave_list(tmp_path / "data/07_model_output/tiny")
    monkeypatch.setenv("CHURN_JOURNAL", f"sqlite:///{tmp_path}/mistyped.db")
    refused = run("forget", "C-2")
    assert refused.exit_code == 1
    assert "expected a prediction log at" in refused.output
    monkeypatch.delenv("CHURN_JOURNAL")
    done = run("forget", "C-2")
    assert done.exit_code == 0, done.output
    assert "prediction log   none: no service has run here" in done.output
    assert "call lists       2 before, 0 left" in done.output


def test_a_list_that_cannot_be_read_is_told_and_nothing_is_called_erased(
    service, tmp_path
) -> None:
    folder = tmp_path / "data/07_model_output/tiny"
    leave_list(folder)
    for file in folder.glob("call_list.csv/*/*.csv"):
        file.write_text("no list", "utf-8")
    done = run("forget", "customer-ann")
    assert done.exit_code == 1
    assert "expected a list with customers in" in done.output
    assert "before" not in done.output

"""`kedro churn forget`: a customer is erased everywhere, and it is proven."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from churn_pipeline.cli import churn, forget
from churn_pipeline.lock import acquire
from churn_pipeline.processes import account
from churn_pipeline.runs import RunRecord
from tests.serving.desk.files import leave_list, leave_outcomes
from tests.serving.online.stores import sqlite_store


def run(*args: str):
    return CliRunner().invoke(churn, args, env={"COLUMNS": "100"})


def audited(service: Path) -> list[str]:
    """Return what the audit log says of erased customers."""
    lines = map(json.loads, (service / "audit.jsonl").read_text("utf-8").splitlines())
    return [line["reason"] for line in lines if line["kind"] == "customer_forgotten"]


def test_forget_erases_one_customer_and_the_audit_log_does_not_say_whom(
    service, monkeypatch
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody else")
    done = run("forget", "customer-ann")
    assert done.exit_code == 0, done.output
    assert "prediction log   sqlite:///" in done.output
    assert "predictions      1 before, 0 left" in done.output
    assert "files            0 places with the bytes" in done.output
    begun, ended = audited(service)
    assert begun == f"begun, by {account()}"
    assert ended == (
        "1 predictions, 0 labels, 0 online features, 0 call lists, 0 call outcomes: "
        f"complete, by {account()}"
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
    told = f"failed, nothing is proven: OnlineStoreError, by {account()}"
    assert audited(service)[2:] == [f"begun, by {account()}", told]


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
    assert "4 call lists, 1 call outcomes: complete" in audited(service)[1]
    assert b"C-2" not in (service / "audit.jsonl").read_bytes()


def test_a_log_that_is_not_seen_is_no_complete_erasure(
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
    assert done.exit_code == 1
    assert "prediction log   not found" in done.output
    assert "call lists       2 before, 0 left" in done.output
    path = service / "journal.db"
    told = f"no prediction log at sqlite:///{path}, and CHURN_JOURNAL is not set"
    assert told in done.output
    assert ": incomplete, by " in audited(service)[-1]


def test_where_there_is_no_log_one_says_so(service, tmp_path) -> None:
    leave_list(tmp_path / "data/07_model_output/tiny")
    refused = run("forget", "C-2", "--no-log")
    assert refused.exit_code == 1
    assert "expected no prediction log with --no-log, got sqlite" in refused.output
    (service / "journal.db").unlink()
    done = run("forget", "C-2", "--no-log")
    assert done.exit_code == 0, done.output
    assert "prediction log   none\n" in done.output
    assert "call lists       2 before, 0 left" in done.output
    assert ": complete, by " in audited(service)[-1]


def test_that_nothing_was_found_anywhere_is_told(service) -> None:
    assert "nothing of this customer" not in run("forget", "customer-ann").output
    done = run("forget", "customer-ane")
    assert done.exit_code == 0, done.output
    assert "found            nothing of this customer; see whether" in done.output


def test_a_torn_list_is_named_and_the_rest_is_erased(service, tmp_path) -> None:
    folder = tmp_path / "data/07_model_output/tiny"
    leave_list(folder, "2026-02-01T06.00.00.000Z")
    leave_list(folder, "2026-02-02T06.00.00.000Z")
    (torn,) = folder.glob("call_assignments.parquet/2026-02-01*/*.parquet")
    torn.write_bytes(b"PAR1 killed")
    done = run("forget", "C-2")
    assert done.exit_code == 1
    assert "call lists       3 before, 0 left" in done.output
    assert f"unreadable: 1, remove them: {torn} (" in done.output
    assert ": incomplete, by " in audited(service)[-1]
    torn.unlink()
    assert run("forget", "C-2").exit_code == 0


def test_while_a_run_is_at_work_nothing_is_erased_and_it_is_named(
    service, tmp_path
) -> None:
    record = RunRecord(version="2026-02-01T06.00.00.000Z", dataset="tiny")
    record.save(tmp_path)
    refused = run("forget", "customer-ann")
    assert refused.exit_code == 1
    assert f"a run at work on them: run {record.version} (process" in refused.output
    assert not (service / "audit.jsonl").exists()
    record.model_copy(update={"status": "done"}).save(tmp_path)
    assert run("forget", "customer-ann").exit_code == 0


def test_runs_are_kept_away_meanwhile(service, tmp_path, monkeypatch) -> None:
    RunRecord(version="v1", dataset="tiny", status="done").save(tmp_path)

    def begin(*_, logged):
        acquire(tmp_path, "tiny", writes=True)

    monkeypatch.setattr(forget, "_erased", begin)
    refused = run("forget", "customer-ann")
    assert refused.exit_code == 1
    assert "got a run at work on them: one that has just begun" in refused.output
    assert "BusyError" in audited(service)[-1]

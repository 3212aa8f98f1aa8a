"""`kedro churn replay, forget, journal`: the log from the command line."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from churn_pipeline.cli import churn, journal
from churn_pipeline.serving.journal.database import connect
from tests.factories import tiny_artifact

DAY_NS = 86_400 * 10**9


def run(*args: str):
    return CliRunner().invoke(churn, args, env={"COLUMNS": "100"})


def change(folder: Path, sql: str) -> None:
    database = connect(f"sqlite:///{folder / 'journal.db'}")
    database.run(sql)
    database.close()


def test_replay_of_a_shadow_that_there_was_not_says_so(service) -> None:
    done = run("replay", "many", "--shadow")
    assert done.exit_code == 1
    assert "expected a request that a shadow answered too, got 'many'" in done.output


def test_replay_shows_both_answers_and_that_they_are_the_same(service) -> None:
    done = run("replay", "many", "--row", "1")
    assert done.exit_code == 0, done.output
    first, logged, now, last = done.output.splitlines()
    assert first.startswith("request many, row 1: 2026-01-01T00.00.00.000Z, champion")
    assert logged.split()[1:] == now.split()[1:]
    assert last == "the same to the bit"


def test_replay_fails_where_the_answer_is_another(service) -> None:
    change(service, "UPDATE prediction SET probability = probability + 1e-15")
    done = run("replay", "many")
    assert done.exit_code == 1
    assert "logged" in done.output and "now" in done.output
    assert "Error: expected the same answer again" in done.output


def test_replay_says_what_is_not_there(service, tmp_path) -> None:
    assert "expected the id of a logged request, got 'no'" in run("replay", "no").output
    assert "from 0 to 1, got 2" in run("replay", "many", "--row", "2").output
    change(service, "UPDATE model SET artifact_sha256 = 'bbbb'")
    assert "it was removed (`kedro churn gc` says so" in run("replay", "many").output
    for path in service.iterdir():
        path.unlink()
    done = run("replay", "many")
    assert (done.exit_code, "expected a prediction log at" in done.output) == (1, True)
    assert not (service / "journal.db").exists()


def test_size_and_prune_say_how_big_the_log_is(service) -> None:
    assert "2 in 1 requests" in run("journal", "size").output
    kept = run("journal", "prune", "--older-than", "11")
    assert "removed 0 predictions" in kept.output
    pruned = run("journal", "prune", "--older-than", "9")
    assert pruned.exit_code == 0, pruned.output
    assert pruned.output.startswith("removed 2 predictions, 0 labels\n")
    assert "predictions  0 in 0 requests" in pruned.output


def test_no_key_is_made_beside_a_log_that_has_ids_as_they_came(service) -> None:
    refused = run("journal", "key")
    assert refused.exit_code == 1
    assert "which is for customers' ids as they came; no key was made" in refused.output
    assert not (service / "pseudonym.key").exists()
    assert run("journal", "size").exit_code == 0


def test_a_key_is_made_once_where_there_is_no_log_yet(service) -> None:
    (service / "journal.db").unlink()
    made = run("journal", "key")
    assert Path(made.output.strip()) == service / "pseudonym.key"
    assert not (service / "journal.db").exists()
    assert "expected no key yet" in run("journal", "key").output


def test_no_key_is_made_beside_a_log_of_pseudonyms(service, monkeypatch) -> None:
    path = service / "other.db"
    monkeypatch.setenv("CHURN_JOURNAL", f"sqlite:///{path}")
    connect(f"sqlite:///{path}", pseudonyms="0123456789abcdef").close()
    assert "pseudonyms of another key; no key" in run("journal", "key").output


def test_a_log_of_ids_is_not_read_with_a_key_which_is_to_be_taken_away(service) -> None:
    (service / "pseudonym.key").write_text("k" * 32)
    refused = run("journal", "size")
    assert refused.exit_code == 1
    assert "expected ids as they came for the journal" in refused.output
    assert "take the key away" in refused.output


def test_gc_says_which_answers_cannot_be_replayed_any_more(service) -> None:
    known = tiny_artifact().manifest.version
    releases = journal.releases_of(None)
    assert journal.lost_answers(releases, [known, "another"]) == [(known, 2)]
    assert journal.lost_answers(releases, []) == []

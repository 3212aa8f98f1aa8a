"""Answers get into the journal, whatever becomes of the database meanwhile."""

from __future__ import annotations

import sqlite3
import stat
import threading
import time
from pathlib import Path

import pytest

from churn_pipeline.serving.journal import writer
from churn_pipeline.serving.journal.database import JournalError, connect, is_passing
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from churn_pipeline.serving.journal.writer import Journal
from tests.serving.journal.made import batch, entry


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'service' / 'journal.db'}"


@pytest.fixture
def journal(url: str):
    made = Journal(url, max_queued=100)
    yield made
    made.close(1)


def rows(url: str, sql: str = "SELECT request_id FROM predictions") -> list:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        return connection.execute(sql).fetchall()


def test_an_answer_is_in_the_journal_within_a_second(journal, url) -> None:
    start = time.monotonic()
    journal.add([entry("a" * 32)])
    assert journal.flush(1)
    assert time.monotonic() - start < 1
    (row,) = rows(url, "SELECT * FROM predictions")
    assert row == (
        *("a" * 32, 0, "2026-01-01T12:00:00.000Z", 1_767_268_800 * 10**9, "/predict"),
        *("customer-17", 20454, None, 0.1 + 0.2, 0.25, "call", None, 0),
        *("2026-01-01T00.00.00.000Z",),
        *("a" * 64, "champion", "0123456789abcdef", 90),
    )


def test_what_is_logged_is_found_again_with_its_inputs(journal, url) -> None:
    journal.add([entry("one"), entry("two", inputs=b'{"plan":"plus"}')])
    journal.add_batch(batch("many", ["x", 2, None]))
    assert journal.flush()
    store = Store(connect(url), Pseudonyms())
    assert store.find("two").columns == {"plan": ["plus"]}
    found = store.find("many", 1)
    assert (found.customer, found.row, found.probability) == ("2", 1, 1 / 7)
    assert found.columns["tenure_months"] == [0.0, 1.0, 2.0]
    assert found.columns["plan"] == ["basic", None, "basic"]
    assert store.find("many", 2).customer is None
    with pytest.raises(LookupError, match="from 0 to 2, got 3"):
        store.find("many", 3)
    with pytest.raises(LookupError, match="expected the id of a logged request"):
        store.find("none")


def test_a_batch_answered_by_two_variants_keeps_its_lines(journal, url) -> None:
    journal.add_batch(batch("many", ["a", "c"], lines=[0, 2]))
    journal.add_batch(batch("many", ["b"], lines=[1], variant="challenger"))
    journal.flush()
    asked = "SELECT line, customer, variant FROM predictions ORDER BY line"
    assert rows(url, asked) == [
        (0, "a", "champion"),
        (1, "b", "challenger"),
        (2, "c", "champion"),
    ]
    store = Store(connect(url), Pseudonyms())
    assert (store.find("many", 2).row, store.find("many", 1).row) == (1, 0)


def test_a_shadow_is_logged_under_the_same_request(journal, url) -> None:
    journal.add([entry("one"), entry("one", variant="shadow", probability=0.9)])
    journal.add([entry("one", variant="challenger", probability=0.5)])
    journal.flush()
    store = Store(connect(url), Pseudonyms())
    assert store.find("one").variant == "challenger"
    assert store.find("one", shadow=True).probability == 0.9
    with pytest.raises(LookupError, match="row of the request from 0 to 0"):
        store.find("one", 1, shadow=True)


def test_only_its_owner_can_read_the_file(journal, tmp_path) -> None:
    for path in (tmp_path / "service").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_queue_drops_the_newest_counts_and_says_so(journal, url, caplog) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as other:
        other.execute("BEGIN IMMEDIATE")
        for i in range(150):
            journal.add([entry(f"{i:03}")])
        journal.add_batch(batch("many", ["x"] * 101))
        assert journal.counts.dropped == 50 + 101
        other.rollback()
    assert journal.flush()
    assert journal.counts.written == 100
    assert [name for (name,) in rows(url)] == [f"{i:03}" for i in range(100)]
    full = [r for r in caplog.records if "queue of 100" in r.getMessage()]
    assert len(full) == 1


def test_large_inputs_fill_the_queue_by_their_bytes(url, monkeypatch, caplog) -> None:
    monkeypatch.setattr(writer, "MAX_QUEUED_BYTES", 100_000)
    journal = Journal(url)
    with sqlite3.connect(url.removeprefix("sqlite:///")) as holder:
        holder.execute("BEGIN IMMEDIATE")
        blanks = b" " * 30_000
        for i in range(5):
            journal.add([entry(f"large-{i}", inputs=b"{" + blanks + b"}")])
        assert (journal.counts.dropped, journal.wait_for_room(0)) == (2, False)
        holder.execute("ROLLBACK")
    assert "is full" in caplog.text
    assert journal.flush()
    texts = batch("many", ["x"] * 10, columns={"plan": ["p" * 12_000] * 10})
    journal.add_batch(texts)  # alone it is taken, however large
    assert journal.flush()
    assert (journal.counts.written, journal.counts.dropped) == (13, 2)
    journal.close()


def test_what_is_written_at_once_is_bounded_by_its_bytes(url, monkeypatch) -> None:
    monkeypatch.setattr(writer, "MOST_BYTES_AT_ONCE", 50_000)
    journal = Journal(url)
    journal.add([entry(f"r{i}", inputs=b" " * 20_000 + b"{}") for i in range(9)])
    assert journal.flush()
    assert rows(url, "SELECT count(*) FROM inputs") == [(3,)]
    journal.close()


def test_who_can_wait_for_room_does(journal, url) -> None:
    assert journal.wait_for_room(0)
    with sqlite3.connect(url.removeprefix("sqlite:///")) as other:
        other.execute("BEGIN IMMEDIATE")
        journal.add_batch(batch("many", ["x"] * 51))
        assert not journal.wait_for_room(0.01)
        assert not journal.wait_for_room(60)  # the lock fails it first
        assert journal.counts.failures == 1
        other.rollback()
    assert journal.flush()
    assert journal.wait_for_room(0)


def test_a_locked_database_is_tried_again(journal, url) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as other:
        other.execute("BEGIN IMMEDIATE")
        journal.add([entry("a")])
        latest = time.monotonic() + 30
        while not journal.counts.failures and time.monotonic() < latest:
            assert not journal.flush(0.1)
        assert journal.counts.failures
        other.rollback()
    assert journal.flush()
    assert rows(url) == [("a",)]
    assert (journal.counts.lost, journal.counts.waiting) == (0, 0)


def test_a_deleted_file_is_made_anew(journal, url, tmp_path) -> None:
    journal.add([entry("before")])
    assert journal.flush()
    for path in (tmp_path / "service").iterdir():
        path.unlink()
    journal.add([entry("after")])
    assert journal.flush()
    assert rows(url) == [("after",)]


def test_a_folder_that_is_gone_stops_nothing(journal, url, tmp_path) -> None:
    (tmp_path / "service").rename(tmp_path / "away")
    (tmp_path / "service").write_text("no folder")
    journal.add([entry("a")])
    assert not journal.flush(0.5)
    (tmp_path / "service").unlink()
    assert journal.flush()
    assert rows(url) == [("a",)]


def test_a_full_disk_is_tried_until_there_is_room(url, monkeypatch) -> None:
    opened = []

    def small(*args, **options):
        database = connect(*args, **options)
        if len(opened) < 2:  # the connection at the start, and one more
            pages = database.run("PRAGMA page_count")[0][0]
            database.run(f"PRAGMA max_page_count = {pages}")
        opened.append(database)
        return database

    monkeypatch.setattr(writer, "connect", small)
    journal = Journal(url)
    journal.add_batch(batch("many", [f"customer {i}" for i in range(2000)]))
    assert journal.flush()
    assert (journal.counts.written, journal.counts.failures) == (2000, 2)
    journal.close()


def test_rows_that_no_database_takes_are_lost_alone(journal, url, caplog) -> None:
    wrong = entry("wrong", microseconds=2**70)
    journal.add([entry("a"), wrong, entry("b")])
    assert journal.flush()
    assert (journal.counts.written, journal.counts.lost) == (2, 1)
    assert sorted(rows(url)) == [("a",), ("b",)]
    assert "request wrong was not logged" in caplog.text


@pytest.mark.parametrize(
    ("name", "passing"),
    [
        ("ProgramLimitExceeded", False),  # an OperationalError, as the next are
        ("DiskFull", True),
        ("LockNotAvailable", True),
        ("QueryCanceled", True),
        ("AdminShutdown", True),
        ("UntranslatableCharacter", False),
        ("NotNullViolation", False),
    ],
)
def test_what_the_rows_are_to_blame_for_does_not_pass(name, passing) -> None:
    errors = pytest.importorskip("psycopg.errors", reason="needs the postgres extra")
    assert is_passing(getattr(errors, name)("told")) is passing


def test_what_was_written_before_its_answer_was_lost_is_not_written_twice(
    url, monkeypatch
) -> None:
    whole = Store.write

    def broken_off(self, entries, token):
        whole(self, entries, token)
        monkeypatch.setattr(Store, "write", whole)
        raise sqlite3.OperationalError("the connection broke")

    monkeypatch.setattr(Store, "write", broken_off)
    journal = Journal(url)
    journal.add([entry("a")])
    assert journal.flush()
    journal.close()
    assert rows(url) == [("a",)]


def test_closing_without_a_database_counts_what_is_lost(url, tmp_path) -> None:
    journal = Journal(url)
    with sqlite3.connect(url.removeprefix("sqlite:///")) as other:
        other.execute("BEGIN IMMEDIATE")
        journal.add([entry("a"), entry("b")])
        journal.close(0.3)
        other.rollback()
    journal._thread.join()
    assert journal.counts.lost + journal.counts.written == 2


def test_several_writers_share_a_journal(url) -> None:
    journals = [Journal(url) for _ in range(3)]

    def work(journal: Journal) -> None:
        for i in range(200):
            journal.add([entry(f"{id(journal)}-{i}")])

    threads = [threading.Thread(target=work, args=(j,)) for j in journals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(journal.flush() for journal in journals)
    for journal in journals:
        journal.close()
    assert len(set(rows(url))) == 600


@pytest.mark.parametrize("url", ["sqlite:///", "mysql://x", "journal.db"])
def test_another_url_is_refused(url) -> None:
    with pytest.raises(JournalError, match="expected CHURN_JOURNAL to be"):
        Journal(url)


def test_a_journal_of_another_release_is_refused(journal, url) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as other:
        other.execute("UPDATE journal SET value = '99' WHERE name = 'schema_version'")
    with pytest.raises(JournalError, match="version 3, got 99"):
        Journal(url)


def test_names_of_another_key_do_not_mix(url) -> None:
    Journal(url, Pseudonyms(b"0123456789abcdef")).close()
    for other in (Pseudonyms(), Pseudonyms(b"another key of 24 bytes")):
        with pytest.raises(JournalError, match="pseudonyms of a key"):
            Journal(url, other)
    Journal(url, Pseudonyms(b"0123456789abcdef")).close()

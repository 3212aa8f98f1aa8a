"""The journal in PostgreSQL is the one in SQLite."""

from __future__ import annotations

import json

import psycopg
import pytest

from churn_pipeline.serving.journal.database import JournalError, connect
from churn_pipeline.serving.journal.erase import forget, prune
from churn_pipeline.serving.journal.feedback import Feedback, matched
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from churn_pipeline.serving.journal.truth import read_truths
from churn_pipeline.serving.journal.writer import Journal
from tests.postgres.conftest import Server
from tests.serving.journal.kills import kill_while_logging, logged
from tests.serving.journal.made import DAY_NS, NOON, batch, entry

pytestmark = pytest.mark.postgres
NAMES = Pseudonyms(b"0123456789abcdef")


def test_answers_labels_erasure_and_retention(postgres: Server) -> None:
    url = postgres.new_database("journal")
    journal = Journal(url, NAMES)
    journal.add([entry("one"), entry("old", time_ns=NOON - DAY_NS), entry("nul\0")])
    journal.add([entry("two", customer_id="customer-18")])
    journal.add_batch(batch("many", ["x", "customer-17", None]))
    assert journal.flush()
    # PostgreSQL takes no NUL in a text: that one alone is lost.
    assert (journal.counts.written, journal.counts.lost) == (6, 1)
    journal.close()
    store = Store(connect(url, pseudonyms=NAMES.fingerprint), NAMES)
    assert store.find("one").probability == 0.1 + 0.2
    assert store.find("many", 1).columns["monthly_charge"] == [0.1, None, 2.1]
    asked = "SELECT time, decision FROM predictions WHERE request_id = 'one'"
    assert store.database.run(asked) == [("2026-01-01T12:00:00.000Z", "call")]
    labels = [
        {"request_id": "two", "churned": True},
        {"customer_id": "customer-17", "observation_date": "2026-01-01"}
        | {"churned": False},
    ]
    feedback = Feedback(url, NAMES)
    truths = read_truths(json.dumps(labels).encode())
    feedback.add(truths, key_hash="k", now_ns=NOON + 90 * DAY_NS)
    feedback.close()
    later = NOON + 100 * DAY_NS
    found = matched(store.database, maturity_days=60, now_ns=later)
    assert {(o.request_id, o.line): o.churned for o in found} == {
        ("one", 0): False,
        ("many", 1): False,
        ("two", 0): True,
    }
    done = forget(store.database, NAMES, "customer-17")
    assert done.before == {"predictions": 3, "labels": 1}
    assert done.complete
    assert prune(store.database, NOON + 1) == {"predictions": 3, "labels": 0}
    assert store.database.size() > 0
    assert store.database.run("SELECT observation_date FROM labels") == [(None,)]
    store.database.close()
    with pytest.raises(JournalError, match="pseudonyms of a key"):
        connect(url)


def test_a_server_that_ends_the_connection_is_tried_again(postgres: Server) -> None:
    url = postgres.new_database("broken")
    journal = Journal(url)
    journal.add([entry("before")])
    assert journal.flush()
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = 'broken' AND pid <> pg_backend_pid()"
        )
    journal.add([entry("after")])
    assert journal.flush()
    journal.close()
    assert (journal.counts.written, journal.counts.lost) == (2, 0)
    names = connect(url).run("SELECT request_id FROM predictions ORDER BY 1")
    assert names == [("after",), ("before",)]


def test_nothing_older_than_a_second_is_lost_when_workers_are_killed(
    postgres: Server,
) -> None:
    url = postgres.new_database("killed_journal")
    safe = kill_while_logging(url, "kill", processes=2)
    database = connect(url)
    found = logged(database, safe)
    database.close()
    assert min(safe.values()) > 0
    assert (found.missing(safe), found.with_holes()) == ({}, [])
    assert (found.predictions, found.orphans) == (found.expected, 0)

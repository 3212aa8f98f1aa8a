"""The journal in PostgreSQL is the one in SQLite."""

from __future__ import annotations

import datetime as dt
import json
from hashlib import sha256

import psycopg
import pytest

from churn_pipeline.serving.journal.database import JournalError, connect, is_passing
from churn_pipeline.serving.journal.erase import forget
from churn_pipeline.serving.journal.feedback import Feedback, matched
from churn_pipeline.serving.journal.prune import prune
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from churn_pipeline.serving.journal.truth import Truth, read_truths
from churn_pipeline.serving.journal.writer import Journal
from churn_pipeline.serving.rollout.results import results
from churn_pipeline.serving.rollout.spec import RolloutState, Share
from churn_pipeline.serving.rollout.tally import tally
from tests.factories import COSTS
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


def test_an_experiment_is_counted_as_in_sqlite(postgres: Server, tmp_path) -> None:
    urls = postgres.new_database("tally"), f"sqlite:///{tmp_path / 'journal.db'}"
    share = Share(time="2026-01-01T00:00:00+00:00", percentage=50)
    state = RolloutState(
        challenger="v2", percentage=50, shares=(share,), shadow="v3", planned=500
    )
    kinds = (("champion", "v1"), ("challenger", "v2"), ("shadow", "v3"))
    entries = []
    for i in range(900):
        variant, version = kinds[i % 3]
        name = f"r{i - i % 3 // 2 * 2}"  # the shadow answers what the champion did
        customer = (f"c{i}" if i % 7 else f"d{i // 30}") if i % 5 else None
        told = {"probability": (i % 97 + 1) / 99, "value": i % 7 * 10.0 or None}
        about = {"variant": variant, "model_version": version, "customer_id": customer}
        entries.append(entry(name, time_ns=NOON + i * 10**9, **about, **told))
    labels = [
        Truth(request_id=f"r{i}", churned=not i % 4) for i in range(900) if i % 3 < 2
    ]
    day = dt.date(2026, 1, 1)  # corrected by customer and day, and some once more
    labels += [
        Truth(customer_id=f"c{i}", observation_date=day, churned=bool(i % 2))
        for i in range(0, 300, 2)
    ]
    labels += [Truth(request_id=f"r{i}", churned=True) for i in range(0, 60, 3)]
    found = []
    for url in urls:
        database = connect(url)
        Store(database, Pseudonyms()).write(entries, "1")
        feedback = Feedback(url)
        feedback.add(labels, key_hash="k", now_ns=NOON + 70 * DAY_NS)
        feedback.close()
        asked = {"maturity_days": 60, "now_ns": NOON + 90 * DAY_NS}
        tallied = tally(database, state, **asked, decision=COSTS)
        told = results(tallied, state)
        numbers = [
            number
            for metric in (*told.metrics, *told.shadow)
            for number in (metric.champion, metric.challenger, metric.low, metric.high)
        ]
        streamed = list(matched(database, **asked))
        found.append((told.customers, told.since, told.verdict, numbers, streamed))
        database.close()
    *ours, numbers, streamed = found[0]
    assert min(ours[0].values()) > 150 and len(numbers) == 20
    assert [*ours, streamed] == [*found[1][:3], found[1][4]]
    assert len(streamed) == 900
    assert numbers == pytest.approx(found[1][3])


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


def test_a_row_that_is_too_large_is_lost_alone(postgres: Server) -> None:
    journal = Journal(postgres.new_database("large"))
    # Nothing that compresses: the index keeps 2,704 bytes.
    name = "".join(sha256(b"%d" % i).hexdigest() for i in range(200))
    journal.add([entry("large", customer_id=name), entry("good")])
    assert journal.flush()
    assert (journal.counts.written, journal.counts.lost) == (1, 1)
    journal.close()


def test_a_server_that_hangs_or_is_gone_is_not_waited_for_long(
    postgres: Server,
) -> None:
    url = postgres.new_database("gone")
    database = connect(url, statement_s=0.2)
    with pytest.raises(psycopg.errors.QueryCanceled) as ended:
        database.run("SELECT pg_sleep(20)")
    assert is_passing(ended.value)
    told = database._connection.info.get_parameters()
    assert (told["keepalives_idle"], told["tcp_user_timeout"]) == ("5", "20000")
    given = connect(url + ("&" if "?" in url else "?") + "keepalives_idle=7")
    assert given._connection.info.get_parameters()["keepalives_idle"] == "7"
    assert given.run("SHOW statement_timeout") == [("0",)]

"""Labels come late, twice and corrected, and immature stays are no stays."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3

import pytest

from churn_pipeline.dataset import ColumnLabel, ContractEndLabel, InactivityLabel
from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.journal.feedback import (
    Feedback,
    matched,
    maturity_days,
)
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from churn_pipeline.serving.journal.truth import read_truths
from churn_pipeline.serving.refusal import Refusal
from tests.serving.journal.made import DAY_NS, NOON, batch, entry

KEY = "fedcba9876543210"
HORIZON = 60
LATER = NOON + 100 * DAY_NS


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'journal.db'}"


def log(url, *entries, pseudonyms=None) -> None:
    names = pseudonyms or Pseudonyms()
    database = connect(url, pseudonyms=names.fingerprint)
    Store(database, names).write(entries, "token")
    database.close()


def say(url, *labels, day=90, pseudonyms=None) -> None:
    feedback = Feedback(url, pseudonyms)
    truths = read_truths(json.dumps(labels).encode())
    feedback.add(truths, key_hash=KEY, now_ns=NOON + day * DAY_NS)
    feedback.close()


def outcomes(url, now_ns=LATER, fingerprint="", since_ns=0) -> dict:
    database = connect(url, pseudonyms=fingerprint)
    found = matched(database, maturity_days=HORIZON, now_ns=now_ns, since_ns=since_ns)
    told = {(o.request_id, o.line): (o.churned, o.matured) for o in found}
    database.close()
    return told


def test_a_label_by_request_meets_its_prediction(url) -> None:
    log(url, entry("one"), batch("many", ["a", "b"]), entry("unlabelled"))
    say(url, {"request_id": "one", "churned": True})
    say(url, {"request_id": "many", "row": 1, "churned": False})
    assert outcomes(url) == {("one", 0): (True, True), ("many", 1): (False, True)}


def test_a_label_by_customer_is_of_all_predictions_of_that_day(url) -> None:
    log(
        url,
        entry("morning", time_ns=NOON - DAY_NS // 3),
        entry("evening", time_ns=NOON + DAY_NS // 3),
        entry("tomorrow", time_ns=NOON + DAY_NS),
        entry("other", customer_id="customer-18"),
    )
    label = {"customer_id": "customer-17", "observation_date": "2026-01-01"}
    say(url, label | {"churned": True})
    assert outcomes(url) == {("morning", 0): (True, True), ("evening", 0): (True, True)}


def test_the_last_label_holds_and_the_history_stays(url) -> None:
    log(url, entry("one"))
    say(url, {"request_id": "one", "churned": True}, day=70)
    say(url, {"request_id": "one", "churned": True}, day=71)
    label = {"customer_id": "customer-17", "observation_date": "2026-01-01"}
    say(url, label | {"churned": False}, day=72)
    assert outcomes(url) == {("one", 0): (False, True)}
    history = connect(url).run("SELECT received, churned FROM labels ORDER BY id")
    assert [churned for _, churned in history] == [1, 1, 0]
    assert history[0][0] == "2026-03-12T12:00:00.000Z"


def test_a_label_may_come_before_its_prediction_is_logged(url) -> None:
    say(url, {"request_id": "one", "churned": True}, day=0)
    assert outcomes(url) == {}
    log(url, entry("one"))
    assert outcomes(url) == {("one", 0): (True, True)}


@pytest.mark.parametrize(
    ("churned", "day", "now", "expected"),
    [
        (False, 59, 59, (None, False)),
        (False, 59, 100, (None, True)),  # nobody looked again since
        (False, 60, 60, (False, True)),
        (True, 10, 10, (True, False)),
        (True, 10, 60, (True, True)),
    ],
)
def test_who_has_stayed_so_far_has_not_stayed(url, churned, day, now, expected) -> None:
    log(url, entry("one"))
    say(url, {"request_id": "one", "churned": churned}, day=day)
    assert outcomes(url, NOON + now * DAY_NS) == {("one", 0): expected}


def test_what_is_known_from_when_is_what_counts(url) -> None:
    log(url, entry("early"), entry("late"), entry("ahead"))
    known = "2026-01-31T12:00:00+00:00"
    say(url, {"request_id": "early", "churned": False, "known": known})
    say(url, {"request_id": "late", "churned": False})
    ahead = {"request_id": "ahead", "churned": False}
    say(url, ahead | {"known": "2027-01-01T00:00:00Z"}, day=30)
    assert outcomes(url) == {
        ("early", 0): (None, True),
        ("late", 0): (False, True),
        ("ahead", 0): (None, True),  # nobody knows the future
    }


def test_pseudonyms_meet_all_the_same(url) -> None:
    names = Pseudonyms(b"0123456789abcdef")
    log(url, entry("one", customer_id=17), pseudonyms=names)
    label = {"customer_id": "17", "observation_date": "2026-01-01", "churned": True}
    say(url, label, pseudonyms=names)
    assert outcomes(url, fingerprint=names.fingerprint) == {("one", 0): (True, True)}
    said = connect(url, pseudonyms=names.fingerprint).run("SELECT * FROM feedback")
    assert "17" not in map(str, said[0])


def test_predictions_from_a_day_on(url) -> None:
    log(url, entry("old"), entry("new", time_ns=NOON + 2 * DAY_NS))
    both = [{"request_id": name, "churned": True} for name in ("old", "new")]
    say(url, *both)
    assert set(outcomes(url, since_ns=NOON + DAY_NS)) == {("new", 0)}


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"{", 400, "JSON in UTF-8"),
        (b"[]", 422, "a label, or a list of 1 to 10,000"),
        (b"[1]", 422, "a label: see /docs.json"),
        (b'{"churned": true}', 422, "either request_id, or customer_id"),
        (b'{"customer_id": "a", "churned": true}', 422, "either request_id"),
        (
            b'{"request_id": "a", "customer_id": "b", "churned": true}',
            422,
            "either request_id",
        ),
        (b'{"request_id": "a", "churned": 1}', 422, "churned: expected"),
        (b'{"request_id": "a"}', 422, "churned: expected a value, got no such field"),
        (b'{"request_id": "a", "churned": true, "x": 1}', 422, "x: expected"),
        (
            b'{"request_id": "a", "churned": true, "known": "2026-01-01T00:00:00"}',
            422,
            "known: expected",
        ),
        (b'[{"churned": true}, {"churned": 3}' + b"]", 422, "either request_id"),
    ],
)
def test_what_is_no_label_is_refused(body, status, told) -> None:
    with pytest.raises(Refusal) as refused:
        read_truths(body)
    assert refused.value.status == status
    assert told in str(refused.value)


def test_too_many_labels_are_refused() -> None:
    labels = [{"request_id": "a", "churned": True}] * 10_001
    with pytest.raises(Refusal, match="got list of 10001"):
        read_truths(json.dumps(labels).encode())


def test_a_horizon_ends_after_its_lead_time() -> None:
    inactive = InactivityLabel(rule="inactivity", lead_time_days=7, horizon_days=60)
    ended = ContractEndLabel(rule="contract_end", horizon_days=30)
    column = ColumnLabel(rule="column", column="Churn", positive="Yes")
    assert [maturity_days(rule) for rule in (inactive, ended, column)] == [67, 30, 0]


def test_known_moments_of_other_zones_are_the_same_moments(url) -> None:
    Feedback(url).add(
        read_truths(
            b'{"request_id":"a","churned":true,"known":"2026-01-01T13:00:00+01:00"}'
        ),
        key_hash=KEY,
        now_ns=LATER,
    )
    assert connect(url).run("SELECT known_ns FROM feedback") == [(NOON,)]
    assert dt.datetime.fromtimestamp(NOON / 1e9, dt.UTC).hour == 12


def test_a_database_that_is_away_is_told_and_nothing_is_taken(url, tmp_path) -> None:
    feedback = Feedback(url)
    body = b'{"request_id": "a", "churned": true}'
    assert feedback.take(body, key_hash=KEY) == 1
    with sqlite3.connect(tmp_path / "journal.db") as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Refusal, match="send them again") as refused:
            feedback.take(body, key_hash=KEY)
        other.rollback()
    assert refused.value.status == 503
    assert feedback.take(body, key_hash=KEY) == 1
    assert connect(url).run("SELECT count(*) FROM feedback") == [(2,)]

"""A customer who is erased is nowhere in the file; the others are where they were."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.journal.erase import forget
from churn_pipeline.serving.journal.feedback import Feedback
from churn_pipeline.serving.journal.prune import prune
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from churn_pipeline.serving.journal.truth import Truth
from churn_pipeline.serving.journal.writer import Journal
from tests.serving.journal.made import DAY_NS, NOON, batch, entry

NAMES = Pseudonyms(b"0123456789abcdef")


def filled(path: Path, names: Pseudonyms) -> Store:
    """A journal of thousands of customers, among them three rows of one."""
    url = f"sqlite:///{path}"
    store = Store(connect(url, pseudonyms=names.fingerprint), names)
    ids = [f"customer-{i * 7919 % 3000:05}" for i in range(3000)]
    store.write([entry(f"r{i}", customer_id=c) for i, c in enumerate(ids)], "1")
    secret = b'{"plan":"the secret plan"}'
    mine = entry("mine", customer_id="customer-ann", inputs=secret)
    store.write([entry("before"), mine, entry("after")], "2")
    store.write([batch("many", ["a", "customer-ann", "c"])], "3")
    store.write([entry("again", customer_id="customer-ann")], "4")
    feedback = Feedback(url, names)
    day = {"observation_date": "2026-01-01", "churned": True}
    labels: list[dict] = [
        {"customer_id": "customer-ann", **day},
        {"customer_id": "customer-17", **day},
        {"request_id": "many", "row": 1, "churned": True},
        {"request_id": "many", "row": 2, "churned": True},
    ]
    truths = [Truth.model_validate(label) for label in labels]
    feedback.add(truths, key_hash="k", now_ns=NOON)
    feedback.close()
    return store


@pytest.mark.parametrize("names", [Pseudonyms(), NAMES], ids=["ids", "pseudonyms"])
def test_a_customer_is_erased_from_log_feedback_and_file(tmp_path, names) -> None:
    store = filled(tmp_path / "journal.db", names)
    done = forget(store.database, names, "customer-ann")
    assert done.before == {"predictions": 3, "labels": 2}
    assert done.after == {"predictions": 0, "labels": 0}
    assert (done.traces, done.alike, done.complete) == (0, 0, True)
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for name in ("customer-ann", names.name("customer-ann")):
        assert str(name).encode() not in raw
    for request_id, line in (("mine", 0), ("again", 0), ("many", 1)):
        with pytest.raises(LookupError):
            store.find(request_id, line)
    left = store.database.run("SELECT request_id, line, customer FROM feedback")
    assert sorted(left, key=str) == [
        ("many", 2, None),
        (None, None, names.name("customer-17")),
    ]
    blocks = store.database.run("SELECT content FROM inputs")
    assert not any(b"secret" in _body(content) for (content,) in blocks)


def test_what_a_customer_was_told_on_other_days_goes_too(tmp_path) -> None:
    store = Store(connect(f"sqlite:///{tmp_path / 'j.db'}"), Pseudonyms())
    days = [
        entry(f"d{day}", customer_id="customer-ann", time_ns=NOON + day * DAY_NS)
        for day in (0, 1, 40, -3)
    ]
    others = [entry(f"o{day}", time_ns=NOON + day * DAY_NS) for day in range(50)]
    store.write([*days, *others], "1")
    assert store.database.run("SELECT count(*) FROM days") == [(51,)]
    done = forget(store.database, Pseudonyms(), "customer-ann")
    assert (done.before["predictions"], done.complete) == (4, True)
    assert store.count() == 50


def test_a_customer_is_looked_up_without_a_look_at_all_rows(tmp_path) -> None:
    store = Store(connect(f"sqlite:///{tmp_path / 'j.db'}"), Pseudonyms())
    asked = "SELECT p.place FROM days JOIN prediction p ON p.day = days.day "
    plan = store.database.run(f"EXPLAIN QUERY PLAN {asked} AND p.customer = 'x'")
    told = " ".join(row[3] for row in plan)
    assert "prediction_by_customer (day=? AND customer=?)" in told
    assert "SCAN p" not in told and "SCAN prediction" not in told
    asked = "SELECT f.id FROM label_days d JOIN feedback f "
    asked += "ON f.observation_day = d.day AND f.customer = 'x'"
    plan = store.database.run(f"EXPLAIN QUERY PLAN {asked}")
    told = " ".join(row[3] for row in plan)
    assert "feedback_by_customer (observation_day=? AND customer=?)" in told
    assert "SCAN f" not in told.replace("SCAN found", "")


def _body(block: bytes) -> bytes:
    import zlib

    return zlib.decompress(block[1:])


def test_the_others_keep_their_answers_and_inputs(tmp_path) -> None:
    store = filled(tmp_path / "journal.db", NAMES)
    before = store.count()
    others = [("before", 0), ("after", 0), ("many", 0), ("many", 2), ("r2999", 0)]
    known = [store.find(*other) for other in others]
    forget(store.database, NAMES, "customer-ann")
    assert store.count() == before - 3
    for other, then in zip(others, known, strict=True):
        now = store.find(*other)
        values = {name: column[now.row] for name, column in now.columns.items()}
        assert values == {n: column[then.row] for n, column in then.columns.items()}
        assert (now.probability, now.customer) == (then.probability, then.customer)


def test_traces_that_deletion_leaves_are_overwritten(tmp_path) -> None:
    path = tmp_path / "journal.db"
    store = filled(path, Pseudonyms())
    # As another program may have left them: a page that was freed and not cleared.
    store.database.run("PRAGMA secure_delete = OFF")
    store.database.run("CREATE TABLE loose (text TEXT)")
    store.database.run("INSERT INTO loose VALUES ('customer-ann')")
    store.database.run("DELETE FROM loose")
    store.database.tidy()
    assert b"customer-ann" in path.read_bytes()
    assert forget(store.database, Pseudonyms(), "customer-ann").traces == 0
    assert b"customer-ann" not in path.read_bytes()


def test_a_customer_is_erased_beside_a_service_that_writes(tmp_path) -> None:
    filled(tmp_path / "journal.db", Pseudonyms()).database.close()
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    journal, ended = Journal(url), threading.Event()

    def work() -> None:
        number = 0
        while not ended.is_set():
            journal.add([entry(f"x{number}", customer_id="customer-zoe")])
            number += 1
            assert journal.wait_for_room(10)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        database = connect(url, wait_s=30)
        done = forget(database, Pseudonyms(), "customer-ann")
    finally:
        ended.set()
        thread.join()
        assert journal.flush()
        journal.close()
    assert done.complete and done.before["predictions"] == 3
    assert (journal.counts.lost, journal.counts.dropped) == (0, 0)
    found = database.run(
        "SELECT count(*) FROM prediction WHERE customer = ?", ("customer-zoe",)
    )
    assert found == [(journal.counts.written,)]
    assert database.run("PRAGMA integrity_check") == [("ok",)]


def test_a_name_within_other_names_says_so(tmp_path) -> None:
    store = Store(connect(f"sqlite:///{tmp_path / 'j.db'}"), Pseudonyms())
    pair = [entry("a", customer_id="cust_omer"), entry("b", customer_id="cust_omer-2")]
    store.write([*pair, entry("c", customer_id="custXomer-3")], "1")
    done = forget(store.database, Pseudonyms(), "cust_omer")
    assert (done.traces, done.alike, done.complete) == (2, 1, True)


def test_a_short_name_is_not_looked_for(tmp_path) -> None:
    store = Store(connect(f"sqlite:///{tmp_path / 'j.db'}"), Pseudonyms())
    store.write([entry("a", customer_id="17")], "1")
    done = forget(store.database, Pseudonyms(), "17")
    assert (done.traces, done.complete) == (None, True)


def test_other_places_forget_too_and_what_they_keep_is_told(tmp_path) -> None:
    class Place:
        def __init__(self, rows: int) -> None:
            self.rows = {"customer-ann": rows}

        def count(self, customer_id: str) -> int:
            return self.rows.get(customer_id, 0)

        def forget(self, customer_id: str) -> None:
            del self.rows[customer_id]

    class Stubborn(Place):
        def forget(self, customer_id: str) -> None:
            pass

    store = filled(tmp_path / "journal.db", Pseudonyms())
    places = {"online features": Place(2), "a copy": Stubborn(1)}
    done = forget(store.database, Pseudonyms(), "customer-ann", elsewhere=places)
    assert done.before["online features"] == 2
    assert (done.after["online features"], done.after["a copy"]) == (0, 1)
    assert not done.complete


def test_large_batches_go_in_steps_between_which_others_write(tmp_path) -> None:
    store = Store(connect(f"sqlite:///{tmp_path / 'j.db'}"), Pseudonyms())
    ids = [f"c{i}" for i in range(9_000)]
    old = [batch(f"b{i}", ids, time_ns=NOON - DAY_NS) for i in range(5)]
    for one in old:
        store.write([one], one.request_id)
    writing, held = store.database.writing, []

    def watched():
        held.append(store.count())
        return writing()

    store.database.writing = watched
    assert prune(store.database, NOON) == {"predictions": 45_000, "labels": 0}
    # Two batches are 18,000 predictions: a third would be too many at once.
    assert held == [45_000, 27_000, 9_000, 0]


def test_what_is_older_goes_and_the_file_shrinks(tmp_path) -> None:
    store = Store(connect(f"sqlite:///{tmp_path / 'j.db'}"), Pseudonyms())
    old = [entry(f"old{i}", time_ns=NOON - DAY_NS) for i in range(2500)]
    store.write([*old[:2000], entry("between"), *old[2000:]], "1")
    store.write([batch("many", ["a", "b"], time_ns=NOON - DAY_NS), entry("new")], "2")
    feedback = Feedback(f"sqlite:///{tmp_path / 'j.db'}")
    for name, day in (("old0", -1), ("new", 0)):
        truth = Truth(request_id=name, churned=True)
        feedback.add([truth], key_hash="k", now_ns=NOON + day * DAY_NS)
    feedback.close()
    store.database.tidy()
    before = store.database.size()
    assert prune(store.database, NOON) == {"predictions": 2502, "labels": 1}
    assert store.database.size() < before / 2
    assert store.find("between").columns["plan"] == ["basic"]
    assert store.find("new").columns["plan"] == ["basic"]
    assert store.database.run("SELECT count(*) FROM inputs") == [(2,)]
    assert prune(store.database, NOON) == {"predictions": 0, "labels": 0}

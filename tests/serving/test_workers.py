"""Two workers of one real server are one service: numbers, models, keys, journal."""

import os
import shutil
import signal
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import psutil
import pytest

from churn_pipeline.release.store import ModelStore, Record
from churn_pipeline.serving.access.keys import add_key, revoke_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.place import KEYS
from tests.conftest import ROOT
from tests.factories import tiny_artifact
from tests.serving.apps import release
from tests.serving.test_service import _serving

GOOD = {"tenure_months": 3, "monthly_charge": 20.5, "plan": "basic"}
FIRST, SECOND = tiny_artifact().manifest.version, "2026-02-02T00.00.00.000Z"
SEEDS = {FIRST: 0, SECOND: 1}
SECONDS = 30
_PAUSE = threading.Event()
ALIKE = 12
"""Answers alike in a row from each worker, before it counts as known."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("workers")
    shutil.copytree(ROOT / "conf/base", made / "conf/base")
    store = ModelStore(made / "data/06_models/company")
    for version, seed in SEEDS.items():
        record = Record(version=version, family="net", gate="approved", metrics={})
        store.add(tiny_artifact(version, seed), record)
    release(store, FIRST)
    return made


@pytest.fixture(scope="module")
def client(folder):
    two = {
        "BENTOML_HOME": str(folder / "home"),
        "BENTOML_CONFIG_OPTIONS": "services.churn.workers=2",
        "CHURN_RATE_LIMIT": "1000000/second",
    }
    with _serving(["churn_pipeline.serving"], folder, **two) as client:
        client.asked = []
        _until(client, lambda answer: answer.is_success)
        yield client


def _ask(client, key=None, path="/predict", **row):
    """Ask over a connection of its own, which any worker may take."""
    headers = {"X-API-Key": key or client.key, "Connection": "close"}
    answer = client.post(path, json=row or GOOD, headers=headers, timeout=10)
    client.asked.append((path, answer.status_code))
    return answer


def _worker(answer):
    """Return which worker answered: request ids begin with their process's own."""
    return answer.headers["x-request-id"][:16]


def _until(client, is_so, key=None):
    """Ask until both workers say so some times on end; return all answers."""
    deadline = time.monotonic() + SECONDS
    answers, in_row = [], defaultdict(int)
    with ThreadPoolExecutor(4) as threads:
        while time.monotonic() < deadline:
            found = list(threads.map(lambda _: _ask(client, key), range(8)))
            answers += found
            for answer in found:
                worker = _worker(answer)
                in_row[worker] = in_row[worker] + 1 if is_so(answer) else 0
            known = [worker for worker, n in in_row.items() if n >= ALIKE]
            if len(known) == 2:
                return answers
    raise AssertionError(f"not so in two workers within {SECONDS} s: {dict(in_row)}")


def _counted(client, status="200"):
    name = f'churn_requests_total{{endpoint="/predict",status="{status}"}} '
    lines = client.get("/metrics").text.splitlines()
    return sum(int(line.removeprefix(name)) for line in lines if line.startswith(name))


def _logged(folder):
    """Return how often which request is in the journal."""
    with closing(sqlite3.connect(folder / "service/tiny/journal.db")) as journal:
        rows = journal.execute("SELECT request_id FROM request").fetchall()
    return Counter(request_id for (request_id,) in rows)


def _reaches(number, expected):
    """Ask for a number until it is as expected; return it."""
    deadline = time.monotonic() + SECONDS
    while (found := number()) != expected and time.monotonic() < deadline:
        _PAUSE.wait(0.05)
    return found


def test_the_numbers_of_both_workers_add_up(client):
    workers = Counter(map(_worker, _until(client, lambda answer: answer.is_success)))
    asked = client.asked.count(("/predict", 200))
    assert len(workers) == 2
    assert _reaches(lambda: _counted(client), asked) == asked


def test_another_champion_reaches_both_workers_and_no_request_fails(client, folder):
    expected = {
        version: tiny_artifact(version, seed).predict(
            {n: [v] for n, v in GOOD.items()}
        )[0]
        for version, seed in SEEDS.items()
    }
    ModelStore(folder / "data/06_models/company").point_to(SECOND)
    answers = _until(client, lambda a: a.json()["model_version"] == SECOND)
    assert {answer.status_code for answer in answers} == {200}
    for told in (answer.json() for answer in answers):
        assert told["churn_probability"] == expected[told["model_version"]]


def test_a_change_of_the_rollout_reaches_both_workers(client):
    version = client.get("/rollout").json()["version"]
    change = {"version": version, "why": "try", "challenger": FIRST, "percentage": 100}
    assert client.put("/rollout", json=change).status_code == 200
    with ThreadPoolExecutor(4) as threads:
        deadline, seen = time.monotonic() + SECONDS, set()
        while time.monotonic() < deadline and len(seen) < 2:
            asked = [f"c-{i}" for i in range(8)]
            said = threads.map(lambda c: _ask(client, **GOOD, customer_id=c), asked)
            seen |= {_worker(a) for a in said if a.json()["variant"] == "challenger"}
    assert len(seen) == 2
    stop = client.post("/rollout/abort", json={"why": "tried"})
    assert (stop.status_code, stop.json()["percentage"]) == (200, 0)


def test_a_key_that_is_revoked_opens_neither_worker(client, folder):
    keys = folder / "service/tiny" / KEYS
    key = add_key(keys, "for-a-while", Role.PREDICT)
    _until(client, lambda answer: answer.status_code == 200, key)
    revoke_key(keys, "for-a-while")
    answers = _until(client, lambda answer: answer.status_code == 401, key)
    assert {answer.status_code for answer in answers} == {200, 401}


def test_what_became_of_a_customer_is_taken_by_either_worker(client, folder):
    ids = [a.json()["request_id"] for a in _until(client, lambda a: a.is_success)]
    labels = [{"request_id": name, "churned": True} for name in ids]
    taken = [_ask(client, path="/feedback", **label) for label in labels]
    assert {answer.status_code for answer in taken} == {200}
    with closing(sqlite3.connect(folder / "service/tiny/journal.db")) as journal:
        (count,) = journal.execute("SELECT count(*) FROM feedback").fetchone()
    assert count == len(ids)


def test_a_worker_that_is_killed_comes_back_and_nothing_older_is_lost(client, folder):
    children = psutil.Process(client.server.pid).children()
    former = {_worker(a) for a in _until(client, lambda a: a.is_success)}
    answered, cut, ended = [], [], threading.Event()

    def ask():
        while not ended.is_set():
            try:
                answer = _ask(client)
            except httpx.TransportError as error:
                cut.append(error)
                continue
            answered.append((time.monotonic(), answer))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    _reaches(lambda: len(answered) > 400, True)
    os.kill(children[0].pid, signal.SIGKILL)
    killed = time.monotonic()

    def seen():
        """Return which workers have answered since."""
        return {_worker(a) for when, a in answered[:] if when > killed + 0.5}

    both = _reaches(lambda: len(seen()), 2)
    ended.set()
    for thread in threads:
        thread.join()
    assert both == 2
    (lost,), (fresh,) = former - seen(), seen() - former
    assert {answer.status_code for _, answer in answered} == {200}
    assert len(cut) <= len(threads)  # what was in flight
    older = {
        answer.json()["request_id"]
        for when, answer in answered
        if _worker(answer) != lost or when < killed - 1
    }
    assert _reaches(lambda: len(older - _logged(folder).keys()), 0) == 0
    assert set(_logged(folder).values()) == {1}
    assert fresh != lost

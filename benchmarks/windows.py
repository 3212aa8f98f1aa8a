"""How long a window of the prediction log takes: `python -m benchmarks.windows`.

    python -m benchmarks.windows [--predictions 10000000] [--folder DIR] [--memory 1GB]

Makes a SQLite journal of 100 days: batches of 10,000 customers, a tenth of the answers
single ones; every prediction has a label, half of them by request and row, half by
customer and day. It is made without the indexes that the reading does not use. With
`--folder` it is kept there and used again.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import adbc_driver_sqlite.dbapi as sqlite
import numpy as np
import pyarrow as pa

from churn_pipeline.monitoring.windows import DAY_NS, Window, logged_months
from churn_pipeline.serving.journal.schema import statements

DAYS = 100
START = dt.date(2026, 1, 1)
FIRST = (START - dt.date(1970, 1, 1)).days
BATCH = 10_000
HORIZON = 60
THRESHOLD = 0.25
KEY = "0123456789abcdef"


def make(path: Path, predictions: int) -> None:
    """Write a journal of so many predictions."""
    unused = ("CREATE INDEX", "CREATE VIEW")
    with sqlite3.connect(path) as plain:
        for statement in statements("sqlite"):
            if not statement.startswith(unused) or "request_by_time" in statement:
                plain.execute(statement)
        plain.execute("INSERT INTO model VALUES (1, 'v1', 'a', 'champion')")
    with sqlite.connect(str(path)) as connection, connection.cursor() as cursor:
        for tables in days(predictions):
            for name, rows in tables.items():
                cursor.adbc_ingest(name, pa.table(rows), mode="append")
            connection.commit()


def days(predictions: int) -> Iterator[dict[str, dict[str, Any]]]:
    """Yield the tables of each day."""
    rng = np.random.default_rng(0)
    a_day = predictions // DAYS
    at = np.arange(a_day)
    singles = a_day // 10
    of_batch = np.maximum(at - singles, 0)
    requests = singles - (singles - a_day) // BATCH
    place = np.where(at < singles, at, singles + of_batch // BATCH)
    for number in range(DAYS):
        day, first = FIRST + number, 1 + number * requests
        moment = day * DAY_NS + np.arange(requests) * 1_000_000
        asked = request(np.arange(first, first + requests), moment)
        line = of_batch % BATCH
        said = prediction(asked["id"][place], line, day, predictions // 2, rng)
        became = feedback(asked["request_id"][place], moment[place], said, rng)
        yield {"request": asked, "prediction": said, "feedback": became}


def request(ids: Any, moment: Any) -> dict[str, Any]:
    """Return a day's requests."""
    return {
        "id": ids,
        "request_id": np.char.add("request-of-a-client-", ids.astype(str)),
        "time_ns": moment,
        "endpoint": np.full(ids.size, "/predict_batch"),
        "key_hash": np.full(ids.size, KEY),
        "microseconds": np.full(ids.size, 90),
    }


def prediction(
    ids: Any, line: Any, day: int, customers: int, rng: Any
) -> dict[str, Any]:
    """Return a day's predictions."""
    n = ids.size
    names = np.char.zfill(rng.integers(0, customers, n).astype(str), 8)
    chance = rng.beta(1, 4, n)
    return {
        "request": ids,
        "line": line,
        "customer": np.char.add("C-", names),
        "probability": chance,
        "threshold": np.full(n, THRESHOLD),
        "decision": np.where(chance >= THRESHOLD, "call", "no_call"),
        "model": np.ones(n, dtype=np.int64),
        "inputs": np.ones(n, dtype=np.int64),
        "place": line,
        "day": np.full(n, day),
        "value": rng.gamma(3, 50, n).round(2),
    }


def feedback(names: Any, moment: Any, said: dict[str, Any], rng: Any) -> dict[str, Any]:
    """Return the labels of a day's predictions: by request, by customer, in turn."""
    n = names.size
    by_request = np.arange(n) % 2 == 0
    known = moment + (HORIZON + 30) * DAY_NS
    return {
        "received_ns": known,
        "known_ns": known,
        "request_id": np.where(by_request, names, None),
        "line": pa.array(said["line"], mask=~by_request),
        "customer": np.where(by_request, None, said["customer"]),
        "observation_day": pa.array(said["day"], mask=by_request),
        "churned": (rng.random(n) < said["probability"]).astype(np.int64),
        "key_hash": np.full(n, KEY),
    }


def measure(path: Path, memory: str) -> None:
    """Print what reading the journal's months takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    months = logged_months(
        f"sqlite:///{path}",
        Window(START, START + dt.timedelta(days=DAYS)),
        model_version="v1",
        maturity_days=HORIZON,
        now_ns=(FIRST + 400) * DAY_NS,
        usual_value=100.0,
        memory=memory,
    )
    taken = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{taken[0]:.1f} s, {taken[1]:.1f} s of the processors, {peak} MiB at most")
    for found in months:
        known = found.cells.known.n / found.cells.n
        print(f"{found.month}: {found.cells.n:,} customers, {known:.1%} with a label")


def main() -> None:
    """Make the journal where there is none, and read it in a fresh process's memory."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--predictions", type=int, default=10_000_000)
    options.add_argument("--folder", type=Path)
    options.add_argument("--memory", default="1GB")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = (given.folder or Path(folder)) / "journal.db"
        if not path.exists():
            make(path, given.predictions)
        print(f"{path.stat().st_size / 1e9:.2f} GB")
        measure(path, given.memory)


if __name__ == "__main__":
    main()

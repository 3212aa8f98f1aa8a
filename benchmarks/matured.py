"""How long an experiment's results take.

    python -m benchmarks.matured [PREDICTIONS] [URL]

Writes a journal of so many predictions (10 M) into a temporary folder, nine tenths of
them in batches, over 100 days, each with a matured label, half by request and half by
customer and day; then counts the results, erases a customer, and removes the oldest
tenth. Prints time, processor time, and the most memory that the process held. With the
URL of an empty database of PostgreSQL the journal is copied there; its processor time
is that of the server, and not told.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.serving.journal.block import pack_columns
from churn_pipeline.serving.journal.database import Database, connect
from churn_pipeline.serving.journal.erase import forget
from churn_pipeline.serving.journal.prune import prune
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.schema import statements
from churn_pipeline.serving.rollout.spec import RolloutState, Share
from churn_pipeline.serving.rollout.tally import tally

DAY_NS = 86_400 * 10**9
START = 20_454 * DAY_NS  # 2026-01-01
DAYS, BATCH = 100, 10_000
COSTS = Decision(100, 1, 10, 0.5, 1.0)
STATE = RolloutState(
    challenger="v2",
    percentage=50,
    shares=(Share(time="2026-01-01T00:00:00+00:00", percentage=50),),
)
_LABEL = (
    "INSERT INTO feedback (received_ns, known_ns, request_id, line, customer, "
    "observation_day, churned, key_hash) VALUES (?, ?, ?, ?, ?, ?, ?, 'k')"
)


def fill(path: Path, predictions: int) -> None:
    """Write a journal, its indexes last."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("auto_vacuum = INCREMENTAL", "synchronous = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    made = list(filter(None, statements("sqlite")))
    for statement in (sql for sql in made if not sql.startswith("CREATE INDEX")):
        connection.execute(statement)
    connection.execute("BEGIN")
    connection.execute("INSERT INTO journal VALUES ('pseudonyms', '')")
    connection.executemany(
        "INSERT INTO model VALUES (?, ?, 'a', ?)",
        [(1, "v1", "champion"), (2, "v2", "challenger")],
    )
    block = pack_columns({"tenure": np.zeros(BATCH)})
    connection.execute("INSERT INTO inputs VALUES (1, 't', ?, ?)", (START, block))
    batches = predictions // BATCH
    for number in range(batches):
        _write(connection, number, batches)
    connection.execute("COMMIT")
    for statement in (sql for sql in made if sql.startswith("CREATE INDEX")):
        connection.execute(statement)
    connection.close()


def _write(connection: sqlite3.Connection, number: int, batches: int) -> None:
    """Write 10,000 answers of one moment: a batch, or single ones in each tenth."""
    rng = np.random.default_rng(number)
    now = START + number * DAYS // batches * DAY_NS + number * 10**9
    single = number % 10 == 0
    first = number * BATCH + 1
    ids = range(first, first + BATCH) if single else [first]
    names = [rng.bytes(16).hex() for _ in ids]
    connection.executemany(
        "INSERT INTO request VALUES (?, ?, ?, '/predict', '0123456789abcdef', 90, "
        "NULL)",
        zip(ids, names, repeat(now), strict=False),
    )
    who = [f"C-{(first + i) * 7919 % (batches * BATCH // 2):08d}" for i in range(BATCH)]
    lines: list[int] = [0] * BATCH if single else list(range(BATCH))
    requests = list(ids) if single else [first] * BATCH
    chance = rng.beta(1, 4, BATCH)
    connection.executemany(
        "INSERT INTO prediction VALUES (?, ?, ?, ?, 0.25, ?, ?, 1, ?, ?, ?, 0)",
        zip(
            *(requests, lines, who, chance.tolist()),
            np.where(chance > 0.25, "call", "no_call").tolist(),
            [1 + ord(name[-1]) % 2 for name in who],
            *(range(BATCH), repeat(now // DAY_NS)),
            rng.gamma(3, 50, BATCH).round(2).tolist(),
            strict=False,
        ),
    )
    left = (rng.random(BATCH) < chance).astype(int).tolist()
    known = now + 90 * DAY_NS
    if number % 2:
        about = zip(repeat(None), repeat(None), who, repeat(now // DAY_NS))
    else:
        named = names if single else names * BATCH
        about = zip(named, lines, repeat(None), repeat(None))
    labels = ((known, known, *key, y) for key, y in zip(about, left, strict=False))
    connection.executemany(_LABEL, labels)


def timed(name: str, work: Callable[[], Any]) -> Any:
    """Do some work and print what it took."""
    start, used = time.perf_counter(), time.process_time()
    found = work()
    taken = time.perf_counter() - start
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {taken:.1f} s, {time.process_time() - used:.1f} s of processor, "
        f"at most {most:.0f} MiB",
        flush=True,
    )
    return found


def figures(found: Any) -> Iterator[str]:
    """Yield what was counted."""
    for metric, arms in found.arms.items():
        yield f"{metric}: " + ", ".join(f"{int(arm.n.sum()):,}" for arm in arms)


def copied(path: Path, url: str) -> Database:
    """Return the journal of a file, copied into a database of PostgreSQL."""
    source, database = sqlite3.connect(path), connect(url)
    for table in ("model", "inputs", "request", "prediction", "feedback"):
        found = source.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608
        skip = int(table == "feedback")  # the server counts them itself
        names = [column[0] for column in found.description][skip:]
        while rows := found.fetchmany(100_000):
            database.insert(table, names, [row[skip:] for row in rows])
    database.run("ANALYZE")
    source.close()
    return database


def main(predictions: int, url: str | None) -> None:
    """Print how long the results, erasure and retention take."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        fill(path, predictions)
        print(f"{predictions:,} predictions in {path.stat().st_size / 1e9:.2f} GB")
        database = copied(path, url) if url else connect(f"sqlite:///{path}")
        now = START + 400 * DAY_NS
        asked = {"maturity_days": 60, "now_ns": now, "decision": COSTS}
        found = timed("results", lambda: tally(database, STATE, **asked))
        print(*figures(found), sep="; ")
        done = timed(
            "forget", lambda: forget(database, Pseudonyms(), "C-00007919").before
        )
        print(done)
        before = START + DAYS // 10 * DAY_NS
        print(timed("prune a tenth", lambda: prune(database, before)))
        database.close()


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if sys.argv[1:] else 10_000_000,
        sys.argv[2] if sys.argv[2:] else None,
    )

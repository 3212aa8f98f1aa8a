"""What a customer's features cost: a read of the store, and of the cache.

Makes a SQLite file as Feast writes it, of 20,000 customers with 50 features.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import struct
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from churn_pipeline.serving.by_id import with_features
from churn_pipeline.serving.online import OnlineFeatures
from churn_pipeline.serving.online.encoding import entity_key
from churn_pipeline.serving.online.record import OBSERVED, StoreRecord
from churn_pipeline.serving.online.sqlite import write_record

CUSTOMERS, FEATURES, ASKED = 20_000, 50, 8_000
DAY = dt.date(2025, 12, 31)


def main(place: str) -> None:
    """Print microseconds a read, of one thread."""
    online = OnlineFeatures(place, "shop", cache_size=ASKED)
    drawn = np.random.default_rng(0).permutation(CUSTOMERS)[:ASKED]
    ids = [f"C{i:07d}" for i in drawn]
    names = [*online.features(ids[0])]
    for what in ("cold", "cached"):
        _say(what, ids, online.features)
    bodies = [f'{{"customer_id":"{name}"}}'.encode() for name in ids]
    _say("body", bodies, lambda body: with_features(body, online, names))


def made(folder: Path) -> str:
    """Write the file and return its URL."""
    path, names = folder / "online.db", [f"feature_{i}" for i in range(FEATURES)]
    day = DAY.isoformat().encode()
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute(
            "CREATE TABLE shop_customer "
            "(entity_key BLOB, feature_name TEXT, value BLOB, "
            "PRIMARY KEY (entity_key, feature_name))"
        )
        for i in range(CUSTOMERS):
            values = {n: b"\x29" + struct.pack("<d", i + 0.5) for n in names}
            values[OBSERVED] = bytes([0x12, len(day)]) + day
            key = entity_key(f"C{i:07d}")
            rows = [(key, n, v) for n, v in values.items()]
            writer.executemany("INSERT INTO shop_customer VALUES (?, ?, ?)", rows)
    record = StoreRecord(
        generation="1",
        dataset="shop",
        features=tuple(names),
        fields={},
        newest=DAY,
        customers=CUSTOMERS,
        written=dt.datetime.now(dt.UTC),
        feast="none",
    )
    write_record(path, record)
    return f"sqlite:///{path}"


def _say(what, asked, ask) -> None:
    wall, own = time.perf_counter(), time.process_time()
    for one in asked:
        ask(one)
    wall, own = time.perf_counter() - wall, time.process_time() - own
    each = f"{wall / len(asked) * 1e6:.1f} us, {own / len(asked) * 1e6:.1f} of them"
    sys.stdout.write(f"{what:8}{each} the processor's, {len(asked) / wall:,.0f} a s\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made_in:
        main(made(Path(made_in)))

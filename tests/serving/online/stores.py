"""Online stores written as Feast writes them; `tests/io` compares with Feast."""

from __future__ import annotations

import datetime as dt
import sqlite3
import struct
import uuid
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from churn_pipeline.serving.online.encoding import entity_key
from churn_pipeline.serving.online.record import OBSERVED, VIEW, StoreRecord
from churn_pipeline.serving.online.sqlite import write_record

Row = Mapping[str, str | float | None]
NEWEST = "2025-12-31"


def written(value: str | float | None) -> bytes:
    """Return a value as a protobuf message."""
    if value is None:
        return b""
    if isinstance(value, str):
        text = value.encode()
        assert len(text) < 128, "one byte of length"
        return bytes([0x12, len(text)]) + text
    return b"\x29" + struct.pack("<d", value)


def record(rows: Mapping[str, Row], dataset: str = "shop") -> StoreRecord:
    """Return what a store with these customers says of itself."""
    names = next(iter(rows.values()))
    return StoreRecord(
        generation=uuid.uuid4().hex,
        dataset=dataset,
        features=tuple(name for name in names if name != OBSERVED),
        fields={},
        newest=dt.date.fromisoformat(NEWEST),
        customers=len(rows),
        written=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        feast="0.67.0",
    )


def sqlite_store(path: Path, rows: Mapping[str, Row], dataset: str = "shop") -> str:
    """Put a file with these customers in the place of another; return its URL."""
    part = path.with_suffix(".part")
    table = f'"{dataset}_{VIEW}"'
    with closing(sqlite3.connect(part)) as writer, writer:
        writer.execute(
            f"CREATE TABLE {table} (entity_key BLOB, feature_name TEXT, value BLOB, "
            "value_text TEXT, PRIMARY KEY(entity_key, feature_name))"
        )
        writer.executemany(
            f"INSERT INTO {table} VALUES (?, ?, ?, ?)",  # noqa: S608
            [
                (entity_key(customer), name, written(value), f"{customer}: {value}")
                for customer, row in rows.items()
                for name, value in ({OBSERVED: NEWEST} | row).items()
            ],
        )
    write_record(part, record(rows, dataset))
    part.replace(path)
    return f"sqlite:///{path}"

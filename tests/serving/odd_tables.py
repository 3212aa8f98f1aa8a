"""Columns that no customer has, and tables as bodies."""

from __future__ import annotations

import io
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq

from churn_pipeline.serving.bodies import PARQUET

ODD: tuple[Callable[[int], pa.Array], ...] = (
    lambda n: pa.array([2**62] * n, pa.timestamp("s")),
    lambda n: pa.array([2**30] * n, pa.date32()),
    lambda n: pa.array([1] * n).cast(pa.decimal128(38, 0)),
    lambda n: pa.array([[1, [2]][:1]] * n),
    lambda n: pa.array([{"a": 1}] * n),
    lambda n: pa.array([b"\xff\0"] * n),
    lambda n: pa.array(["a" * 5000] * n),
    lambda n: pa.array([float("nan")] * n),
    lambda n: pa.array([float("inf")] * n),
    lambda n: pa.array([2**63] * n, pa.uint64()),
    lambda n: pa.array([True] * n),
    pa.nulls,
    lambda n: pa.DictionaryArray.from_arrays(pa.array([77] * n), ["a"], safe=False),
    lambda n: pa.Array.from_buffers(
        pa.string(), n, pa.array([b"\xff\xfe"] * n).buffers()
    ),
)


def packed(table: pa.Table, kind: str) -> bytes:
    """Return a table as a body."""
    out = io.BytesIO()
    if kind == PARQUET:
        pq.write_table(table, out)
    else:
        with pa.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table)
    return out.getvalue()

"""Batches that are no JSON: CSV, Parquet and Arrow streams as rows of the contract.

A cell means what it means in JSON, and is judged by the same contract; an empty cell of
a CSV and a NaN are null. pyarrow is imported when the first such body comes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from csv import reader as csv_of_python
from typing import TYPE_CHECKING, Any

from churn_pipeline.serving.refusal import Refusal, refusal, shortened
from churn_pipeline.serving.wire import JSON

if TYPE_CHECKING:
    import pyarrow as pa

CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"
KINDS = (JSON, CSV, PARQUET, ARROW)
MAX_UNPACKED = 256 * 2**20
"""Bytes that a Parquet file may say it unpacks to."""

Rows = list[dict[str, Any]]


def rows_of(body: bytes, kind: str, *, numbers: set[str], at_most: int) -> Rows:
    """Return the rows of a body, column -> value.

    Args:
        body: What was sent.
        kind: Its media type, one of `KINDS` but JSON.
        numbers: Columns whose text in a CSV is a number.
        at_most: Most rows that are answered.

    Raises:
        Refusal: It cannot be read, has too many rows, or pyarrow is not there.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise refusal(
            415, "unsupported_media_type", expected=f"{JSON}, or pyarrow", received=kind
        ) from None
    read: dict[str, Callable[[bytes, int], pa.Table]] = {
        CSV: _csv,
        PARQUET: _parquet,
        ARROW: _arrow,
    }
    try:
        table = read[kind](body, at_most)
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, Refusal):
            raise
        received = shortened(str(error).splitlines()[0] if str(error) else kind)
        raise refusal(400, "invalid_body", expected=kind, received=received) from None
    if table.num_rows > at_most:
        raise _too_many(at_most)
    columns = {
        name: _values(column, text=kind == CSV and name in numbers)
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values())]


def _csv(body: bytes, at_most: int) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    header = body.partition(b"\n")[0].decode("utf-8-sig").strip()
    types = dict.fromkeys(next(csv_of_python([header]), []), pa.string())
    convert = csv.ConvertOptions(
        column_types=types, null_values=[""], strings_can_be_null=True
    )
    return csv.read_csv(io.BytesIO(body), convert_options=convert)


def _parquet(body: bytes, at_most: int) -> pa.Table:
    from pyarrow import parquet

    file = parquet.ParquetFile(io.BytesIO(body))
    about = file.metadata
    groups = (about.row_group(i) for i in range(about.num_row_groups))
    if about.num_rows > at_most:
        raise _too_many(at_most)
    if sum(group.total_byte_size for group in groups) > MAX_UNPACKED:
        expected = f"at most {MAX_UNPACKED:,} bytes unpacked"
        raise refusal(413, "too_large", expected=expected, received="more")
    return file.read()


def _arrow(body: bytes, at_most: int) -> pa.Table:
    import pyarrow as pa

    rows, batches = 0, []
    with pa.ipc.open_stream(body) as reader:
        schema = reader.schema
        for batch in reader:
            rows += batch.num_rows
            if rows > at_most:
                raise _too_many(at_most)
            batches.append(batch)
    return pa.Table.from_batches(batches, schema)


def _values(column: pa.ChunkedArray, *, text: bool) -> list[Any]:
    values = column.to_pylist()
    if text:
        return [_number(value) for value in values]
    return [None if value != value else value for value in values]  # noqa: PLR0124


def _number(text: str | None) -> Any:
    """Return the number of a cell; the text where it is none, for the contract."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _too_many(at_most: int) -> Refusal:
    expected = f"1 to {at_most:,} customers"
    return refusal(413, "too_many_rows", expected=expected, received="more")

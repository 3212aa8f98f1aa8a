"""Batches that are no JSON: CSV, Parquet and Arrow streams as rows of the contract.

A cell means what it means in JSON, and is judged by the same contract; an empty cell of
a CSV and a NaN are null. pyarrow is imported when the first such body comes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from csv import Error as CSVError
from csv import reader as csv_of_python
from math import isnan
from typing import TYPE_CHECKING, Any

from churn_pipeline.serving.cells import (
    MAX_COLUMNS,
    check_schema,
    too_many_columns,
    values_of,
)
from churn_pipeline.serving.refusal import MAX_ERRORS, Refusal, refusal, shortened
from churn_pipeline.serving.unpacked import unpacked_bytes
from churn_pipeline.serving.wire import JSON

if TYPE_CHECKING:
    import pyarrow as pa

CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"
KINDS = (JSON, CSV, PARQUET, ARROW)
MAX_UNPACKED = 256 * 2**20
"""Bytes that a Parquet file or an Arrow stream may say it unpacks to."""

Columns = dict[str, list[Any]]


def columns_of(
    body: bytes, kind: str, *, numbers: set[str], texts: set[str], at_most: int
) -> Columns:
    """Return the columns of a body by name, all of one length.

    Args:
        body: What was sent.
        kind: Its media type, one of `KINDS` but JSON.
        numbers: Columns whose text in a CSV is a number.
        texts: The other columns that there are; of further ones the first 20 are
            returned, for the contract to refuse.
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
        if kind == CSV and table.num_rows <= at_most:
            table = _with_numbers(table, numbers)
        columns = _columns(table, numbers | texts, at_most)
    except (pa.ArrowException, CSVError, OSError, ValueError) as error:
        if isinstance(error, Refusal):
            raise
        received = shortened(str(error).splitlines()[0] if str(error) else kind)
        raise refusal(400, "invalid_body", expected=kind, received=received) from None
    if kind == CSV:
        for name in numbers & columns.keys():
            if str in set(map(type, columns[name])):
                columns[name] = [_number(cell) for cell in columns[name]]
    return columns


def _columns(table: pa.Table, known: set[str], at_most: int) -> Columns:
    if table.num_rows > at_most:
        raise _too_many(at_most)
    check_schema(table.schema)
    others = [name for name in table.column_names if name not in known][:MAX_ERRORS]
    kept = [name for name in table.column_names if name in known] + others
    return {name: values_of(name, table.column(name)) for name in kept}


def _csv(body: bytes, at_most: int) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    first = body.partition(b"\n")[0]
    if first.count(b",") >= MAX_COLUMNS:
        raise too_many_columns()
    header = first.decode("utf-8-sig").strip()
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
    _check_unpacked(sum(group.total_byte_size for group in groups))
    check_schema(file.schema_arrow)
    # As it was packed: a text that a million rows name is there once.
    packed = parquet.ParquetFile(io.BytesIO(body), read_dictionary=about.schema.names)
    return packed.read()


def _arrow(body: bytes, at_most: int) -> pa.Table:
    import pyarrow as pa

    _check_unpacked(unpacked_bytes(body))
    rows, batches = 0, []
    with pa.ipc.open_stream(body) as reader:
        schema = reader.schema
        check_schema(schema)
        for batch in reader:
            rows += batch.num_rows
            if rows > at_most:
                raise _too_many(at_most)
            batches.append(batch)
    return pa.Table.from_batches(batches, schema)


def _check_unpacked(n_bytes: int) -> None:
    if n_bytes > MAX_UNPACKED:
        expected = f"at most {MAX_UNPACKED:,} bytes unpacked"
        raise refusal(413, "too_large", expected=expected, received="more")


def _with_numbers(table: pa.Table, names: set[str]) -> pa.Table:
    """Return a table of texts, columns that are numbers throughout as such.

    What Arrow takes for a number `_number` takes too; the other way round it is not so.
    """
    import pyarrow as pa

    for place, name in enumerate(table.column_names):
        if name in names:
            with suppress(pa.ArrowInvalid):
                column = table.column(place).cast(pa.float64())
                table = table.set_column(place, name, column)
    return table


def _number(text: Any) -> Any:
    """Return the number of a cell, NaN as None; the text where it is none.

    Python takes `1_0` and the digits of all scripts; a table means neither.
    """
    if not isinstance(text, str) or not text.isascii() or "_" in text:
        return text
    try:
        value = float(text)
    except ValueError:
        return text
    return None if isnan(value) else value


def _too_many(at_most: int) -> Refusal:
    expected = f"1 to {at_most:,} customers"
    return refusal(413, "too_many_rows", expected=expected, received="more")

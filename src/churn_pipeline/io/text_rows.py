"""The rows of a text file, block by block: cells as text, every row with its number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any

from churn_pipeline.io.textfile import Dialect

if TYPE_CHECKING:
    import pyarrow as pa

ROW = "_row"
MALFORMED = "_malformed"
_BLOCK_BYTES = 1 << 23
_LONGEST_LINE = 2000  # characters of a malformed line that are kept


def text_rows(file: IO[bytes], dialect: Dialect) -> pa.RecordBatchReader:
    """Return the rows of a text file, of which a few blocks at a time are in memory.

    Args:
        file: The file, from its start; open as long as rows are read.
        dialect: How it is written.

    Returns:
        The columns of the header, `_malformed` (string) and `_row` (int64, from 1).
        What is no text in the dialect is told as rows are read: pyarrow.ArrowInvalid
        or UnicodeDecodeError.
    """
    import pyarrow as pa

    batches = _batches_of(file, dialect)
    return pa.RecordBatchReader.from_batches(_schema_of(dialect), batches)


def _schema_of(dialect: Dialect) -> pa.Schema:
    import pyarrow as pa

    names = (*dialect.header, MALFORMED)
    fields = [pa.field(name, pa.string()) for name in names]
    return pa.schema([*fields, pa.field(ROW, pa.int64())])


def _batches_of(file: IO[bytes], dialect: Dialect) -> Iterator[pa.RecordBatch]:
    """Yield the rows of each block of the file, then its lines of a wrong width."""
    import pyarrow as pa

    malformed: dict[int, str] = {}
    schema = _schema_of(dialect)
    following = 1
    for batch in _reader(file, dialect, malformed):
        rows = _row_numbers(following, batch.num_rows, malformed)
        following = int(rows[-1]) + 1 if len(rows) else following
        blank = pa.nulls(batch.num_rows, pa.string())
        yield pa.RecordBatch.from_arrays(
            [*batch.columns, blank, pa.array(rows, pa.int64())], schema=schema
        )
        # The reader is a few blocks ahead: only so many lines are held.
        done = [number for number in malformed if number < following]
        yield _malformed_batch(
            {number: malformed.pop(number) for number in done}, schema
        )
    yield _malformed_batch(malformed, schema)


def _reader(
    file: IO[bytes], dialect: Dialect, malformed: dict[int, str]
) -> Iterable[pa.RecordBatch]:
    """Return the reader of a file, which puts lines of a wrong width aside."""
    import pyarrow as pa
    from pyarrow import csv

    def set_aside(row: Any) -> str:
        # Row 1 is the header.
        cells = f"{row.actual_columns} cells instead of {row.expected_columns}: "
        malformed[row.number - 1] = cells + row.text[:_LONGEST_LINE]
        return "skip"

    reader: Iterable[pa.RecordBatch] = csv.open_csv(
        file,
        read_options=csv.ReadOptions(
            use_threads=False, encoding=dialect.encoding, block_size=_BLOCK_BYTES
        ),
        parse_options=csv.ParseOptions(
            delimiter=dialect.separator,
            newlines_in_values=True,
            invalid_row_handler=set_aside,
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(dialect.written, pa.string()),
            strings_can_be_null=False,
        ),
    )
    return reader


def _malformed_batch(lines: Mapping[int, str], schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    blank = pa.nulls(len(lines), pa.string())
    texts, numbers = pa.array(lines.values(), pa.string()), pa.array(lines, pa.int64())
    columns = [blank] * (len(schema) - 2)
    return pa.RecordBatch.from_arrays([*columns, texts, numbers], schema=schema)


def _row_numbers(start: int, count: int, taken: dict[int, str]) -> list[int]:
    """Return `count` row numbers from `start` on, without those that are taken."""
    if not taken:
        return list(range(start, start + count))
    numbers: list[int] = []
    while len(numbers) < count:
        if start not in taken:
            numbers.append(start)
        start += 1
    return numbers

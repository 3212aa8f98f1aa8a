"""Tables written to CSV or Parquet batch by batch: the whole file appears, or none."""

from __future__ import annotations

import csv
import glob
import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

SEPARATORS = {".csv": ",", ".tsv": "\t"}
PARQUET = (".parquet", ".pq")

_UNFINISHED = ".unfinished"

Write = Callable[["pa.RecordBatch"], None]


def check_suffix(path: Path) -> None:
    """Raise ValueError where the suffix names no format that is written."""
    known = (*SEPARATORS, *PARQUET)
    if path.suffix.lower() not in known:
        raise ValueError(
            f"expected an output that ends in {', '.join(known)}, got {path.name!r}; "
            "the ending says what is written"
        )


def write_batches(
    path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> int:
    """Write batches to a file in the format of its suffix; return the rows written.

    Raises:
        ValueError: The suffix names no format that is written.
    """
    check_suffix(path)
    rows = 0
    with whole(path) as file:
        with _writer(path, schema, file) as write:
            for batch in batches:
                write(batch)
                rows += batch.num_rows
    return rows


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside the target, which takes its place when all went well.

    Who may read the target may read what takes its place, and nobody else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}{_UNFINISHED}")
    try:
        with unfinished.open("wb") as file:
            if path.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            yield file
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def left_unfinished(path: Path) -> list[Path]:
    """Return what writers have beside a file that they have not finished.

    Of one that was killed it stays.
    """
    return sorted(path.parent.glob(f".{glob.escape(path.name)}.*{_UNFINISHED}"))


@contextmanager
def _writer(path: Path, schema: pa.Schema, file: IO[bytes]) -> Iterator[Write]:
    """Return the function that writes a batch."""
    if path.suffix.lower() in PARQUET:
        import pyarrow.parquet as pq

        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            yield writer.write_batch
        return
    separator = SEPARATORS[path.suffix.lower()]
    header = io.StringIO()
    csv.writer(header, delimiter=separator, lineterminator="\n").writerow(schema.names)
    file.write(header.getvalue().encode())
    yield lambda batch: _write_text(batch, file, separator)


def _write_text(batch: pa.RecordBatch, file: IO[bytes], separator: str) -> None:
    """Write rows as text, quoted only where a cell of the batch asks for it."""
    import pyarrow.csv as arrow_csv

    style = "needed" if _needs_quotes(batch, separator) else "none"
    options = arrow_csv.WriteOptions(
        include_header=False, delimiter=separator, quoting_style=style
    )
    arrow_csv.write_csv(batch, file, options)


def _needs_quotes(batch: pa.RecordBatch, separator: str) -> bool:
    """Return whether a text of the batch has a quote, a separator or a line end."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [column for column in batch.columns if pa.types.is_string(column.type)]
    pattern = f'["\r\n{separator}]'
    return any(pc.any(pc.match_substring_regex(t, pattern)).as_py() for t in texts)

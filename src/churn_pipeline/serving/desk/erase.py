"""Taking one customer out of the lists of calls and of what became of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from churn_pipeline.serving.desk.lists import CUSTOMER, places_of
from churn_pipeline.serving.desk.places import (
    ASSIGNMENTS,
    CALLS,
    OUTCOMES,
    outputs_folder,
)
from churn_pipeline.serving.newest import versions
from churn_pipeline.serving.writing import left_unfinished, whole

if TYPE_CHECKING:
    import pyarrow as pa

Rest = Callable[[IO[bytes]], None]


class ListError(RuntimeError):
    """A list is there and cannot be written anew."""


class ListErasure:
    """A place that knows customers, as `serving.journal.erase` asks for one.

    Attributes:
        unreadable: Versions that could not be read when last looked at, and why: they
            may have the customer.
    """

    def __init__(self, *entries: Path) -> None:
        """Name the versioned entries, each CSV or Parquet; they need not exist."""
        self._entries = entries
        self.unreadable: dict[Path, str] = {}

    def count(self, customer_id: str) -> int:
        """Return how many rows of a customer the versions have that can be read."""
        return sum(count for _, count, _ in self._found(customer_id))

    def forget(self, customer_id: str) -> None:
        """Write the versions that have the customer anew, without those rows.

        Whoever reads meanwhile gets the old list or the new one, whole. What a kill
        has left of writing one goes too.

        Raises:
            ListError: A version cannot be written.
        """
        for entry in self._entries:
            for folder in entry.glob("*/"):
                for part in left_unfinished(folder / entry.name):
                    part.unlink(missing_ok=True)
        for file, count, write in self._found(customer_id):
            if not count:
                continue
            try:
                with whole(file) as fresh:
                    write(fresh)
                    fresh.flush()
                    os.fsync(fresh.fileno())
            except OSError as error:
                raise ListError(
                    f"expected to write {file} without a customer, got "
                    f"{error.strerror or error}; make room, or let yourself write "
                    "there, and run it again"
                ) from error

    def _found(self, customer_id: str) -> Iterator[tuple[Path, int, Rest]]:
        """Yield each version, its rows of the customer, and what writes the others."""
        self.unreadable = {}
        for file in (file for entry in self._entries for file in versions(entry)):
            look = _in_text if file.suffix == ".csv" else _in_parquet
            try:
                found = look(file, customer_id)
            except (OSError, ValueError, csv.Error) as error:
                self.unreadable[file] = getattr(error, "strerror", None) or str(error)
                continue
            yield file, *found


def list_erasures(dataset: str, project: Path) -> dict[str, ListErasure]:
    """Return the places of a data set where customers were listed, by name.

    Args:
        dataset: Its name.
        project: Folder that relative paths count from.
    """
    folder = project / outputs_folder() / dataset
    return {
        "call lists": ListErasure(folder / CALLS, folder / ASSIGNMENTS),
        "call outcomes": ListErasure(folder / OUTCOMES),
    }


def _in_text(file: Path, customer_id: str) -> tuple[int, Rest]:
    """Return the rows of a customer, and what writes the other lines as they are."""
    with file.open(encoding="utf-8", newline="") as opened:
        lines = list(opened)
    rows = csv.DictReader(lines)
    rest, begun, count = _header(rows, lines), rows.line_num, 0
    for row in rows:
        if row[CUSTOMER] == customer_id:
            count += 1
        else:
            rest += lines[begun : rows.line_num]
        begun = rows.line_num
    return count, lambda fresh: fresh.writelines(line.encode() for line in rest)


def _header(rows: csv.DictReader[str], lines: Sequence[str]) -> list[str]:
    """Return the lines of the header, which names the customers' column.

    Raises:
        ValueError: It does not.
    """
    _require_customers(rows.fieldnames or ())
    return list(lines[: rows.line_num])


def _require_customers(names: Sequence[str]) -> None:
    if CUSTOMER not in names:
        raise ValueError(f"no column {CUSTOMER}")


def _in_parquet(file: Path, customer_id: str) -> tuple[int, Rest]:
    """Return the rows of a customer, and what writes the others."""
    from pyarrow import parquet

    def write(fresh: IO[bytes]) -> None:
        parquet.write_table(_without(parquet.ParquetFile(file).read(), found), fresh)

    whole_file = parquet.ParquetFile(file)
    if not whole_file.metadata.num_rows:
        return 0, write
    _require_customers(whole_file.schema_arrow.names)
    found = places_of(whole_file.read(columns=[CUSTOMER])[CUSTOMER], customer_id)
    return len(found), write


def _without(table: pa.Table, places: Sequence[int]) -> pa.Table:
    import pyarrow as pa

    stays = np.ones(table.num_rows, dtype=bool)
    stays[list(places)] = False
    return table.filter(pa.array(stays))

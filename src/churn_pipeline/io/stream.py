"""Parquet written as a stream of parts, read as an Ibis table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from churn_pipeline import processes
from churn_pipeline.io.table import TableDataset

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


class Part:
    """One part of a table on its way to a file.

    It hands its rows over once: Kedro keeps some of what a generator node has yielded,
    which must not keep the rows in memory.
    """

    def __init__(self, table: pa.Table, *, is_first: bool, is_last: bool) -> None:
        """Hold the rows of a part.

        Args:
            table: The rows.
            is_first: Whether a table begins with them.
            is_last: Whether the table is complete with them.
        """
        self._table: pa.Table | None = table
        self.is_first, self.is_last = is_first, is_last

    def take(self) -> pa.Table:
        """Return the rows, and forget them.

        Raises:
            ValueError: They were taken before.
        """
        if self._table is None:
            raise ValueError("expected a part that was not saved yet, got a saved one")
        table, self._table = self._table, None
        return table


class ArrowStreamDataset(TableDataset):
    """A Parquet file that a generator node writes part by part.

    Saving takes `Part`s. They go to a file beside the target, which takes the target's
    place with the last part: whoever reads sees the old table or the whole new one.
    Loading gives the file as an `ibis.Table`, as `ibis.FileDataset` does.
    """

    _writer: pq.ParquetWriter | None = None

    def save(self, data: Part) -> None:
        """Append a part; with the last one the file appears.

        The first part drops what a table that broke off has left behind.

        Args:
            data: Rows of the same columns as the parts before.

        Raises:
            ValueError: The part was saved before, or the first one is missing.
        """
        target = Path(str(self._get_save_path()))
        unfinished = target.with_name(f".{target.name}.{processes.name()}")
        table = data.take()
        if data.is_first:
            self._begin(unfinished, table.schema, target)
        if self._writer is None:
            raise ValueError(
                f"expected the first part of {target}, got a later one; save the parts "
                "from the first on"
            )
        self._writer.write_table(table)
        if data.is_last:
            self._end()
            os.replace(unfinished, target)

    def _begin(self, unfinished: Path, schema: pa.Schema, target: Path) -> None:
        """Open the file, without those that ended processes left beside it."""
        import pyarrow.parquet as pq

        self._end()
        target.parent.mkdir(parents=True, exist_ok=True)
        beginning = f".{target.name}."
        for path in target.parent.glob(f"{beginning}*"):
            if processes.has_ended(path.name.removeprefix(beginning)):
                path.unlink(missing_ok=True)
        self._writer = pq.ParquetWriter(unfinished, schema, compression="zstd")

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

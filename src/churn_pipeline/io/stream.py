"""Parquet written as a stream of parts, read as an Ibis table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from churn_pipeline.io.table import TableDataset

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


class Part:
    """One part of a table on its way to a file.

    It hands its rows over once: Kedro keeps some of what a generator node has yielded,
    which must not keep the rows in memory.
    """

    def __init__(self, table: pa.Table, *, is_last: bool) -> None:
        """Hold the rows of a part.

        Args:
            table: The rows.
            is_last: Whether the table is complete with them.
        """
        self._table: pa.Table | None = table
        self.is_last = is_last

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

        Args:
            data: Rows of the same columns as the parts before.
        """
        import pyarrow.parquet as pq

        target = Path(str(self._get_save_path()))
        unfinished = target.with_name(f".{target.name}.unfinished")
        table = data.take()
        if self._writer is None:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(
                unfinished, table.schema, compression="zstd"
            )
        self._writer.write_table(table)
        if data.is_last:
            self._writer.close()
            self._writer = None
            os.replace(unfinished, target)

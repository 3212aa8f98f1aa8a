"""Ibis tables whose first rows Kedro-Viz shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_datasets._typing import TablePreview
from kedro_datasets.ibis import FileDataset

if TYPE_CHECKING:
    import ibis.expr.types as ir

PREVIEW_ROWS = 20


class TableDataset(FileDataset):
    """A table as `ibis.FileDataset` reads and writes it, with a preview."""

    def preview(self, nrows: int = PREVIEW_ROWS) -> TablePreview:
        """Return the first rows for Kedro-Viz."""
        return first_rows(self.load(), nrows)


def first_rows(table: ir.Table, nrows: int) -> TablePreview:
    """Return the first rows of a table as Kedro-Viz takes them.

    Returns:
        `index`, `columns` and `data` (rows of cells; None where missing).
    """
    rows = table.limit(nrows).to_pyarrow()
    columns = [column.to_pylist() for column in rows.columns]
    return TablePreview(
        {
            "index": list(range(len(rows))),
            "columns": rows.column_names,
            "data": [list(row) for row in zip(*columns, strict=True)],
        }
    )

"""Raw columns: those that are there against those that are declared."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import cast

import ibis
import ibis.expr.types as ir

from churn_pipeline.dataset import ColumnLabel
from churn_pipeline.io.textfile import ROW_COLUMNS
from churn_pipeline.tables import Table
from churn_pipeline.validation.errors import DataValidationError
from churn_pipeline.validation.fields import raw_columns_of

_SHOWN = 8  # column names in a message


def raw_columns(raw: ir.Table) -> list[str]:
    """Return the names of the columns that came with the data, in order."""
    return [
        name
        for name in raw.columns
        if name not in ROW_COLUMNS and not name.startswith(("_cell ", "_value "))
    ]


def with_row_numbers(raw: ir.Table) -> ir.Table:
    """Return a raw table with `_row` and `_malformed`, added where it lacks them.

    A Parquet file read with `file_row_number: true` numbers its rows. Rows without
    any number are numbered once and kept so, in a temporary table.
    """
    if "_malformed" not in raw.columns:
        raw = raw.mutate(_malformed=ibis.null("string"))
    if "_row" in raw.columns:
        return raw
    if "file_row_number" in raw.columns:
        number = raw["file_row_number"].cast("int64") + 1
        return cast("ir.Table", raw.mutate(_row=number).drop("file_row_number"))
    numbered = raw.mutate(_row=ibis.row_number() + 1)
    # Not `cache`: it drops the table when the expression is collected, and fails at
    # the end of the process.
    name = ibis.util.gen_name("numbered")
    backend = raw.get_backend()
    return cast("ir.Table", backend.create_table(name, numbered, temp=True))


def check_columns(
    name: str, present: Iterable[str], table: Table, label: ColumnLabel | None = None
) -> tuple[str, ...]:
    """Return the columns that are there and not declared.

    Args:
        name: Name of the table, for the message.
        present: The raw columns.
        table: What is declared.
        label: The label rule where the table holds the label.

    Raises:
        DataValidationError: If a declared column is not there; near matches are
            suggested.
    """
    there = list(present)
    declared = raw_columns_of(table, label)
    vanished = [column for column in declared if column not in there]
    new = [
        column
        for column in there
        if column not in declared and column not in table.ignore
    ]
    if vanished:
        raise DataValidationError(_vanished(name, vanished, there, new))
    return tuple(new)


def _vanished(name: str, vanished: list[str], there: list[str], new: list[str]) -> str:
    lines = []
    for column in vanished[:_SHOWN]:
        close = difflib.get_close_matches(column, new or there, n=1, cutoff=0.6)
        same = [other for other in there if other.casefold() == column.casefold()]
        hint = f"; did you mean `{(same or close)[0]}`?" if same or close else ""
        lines.append(f"  - expected a column `{column}`, got none{hint}")
    if len(vanished) > _SHOWN:
        lines.append(f"  - ... and {len(vanished) - _SHOWN} more")
    came = ", ".join(there[:_SHOWN]) + (", ..." if len(there) > _SHOWN else "")
    return (
        f"{name}: {len(vanished)} declared columns are missing\n"
        + "\n".join(lines)
        + f"\nThe file has {len(there)} columns: {came}. Correct the file, or the "
        "names in the data set's dataset.yml."
    )

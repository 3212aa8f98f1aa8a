"""Any raw file as an Ibis table: text as it came, every row with its number.

Two columns are added: `_row`, the 1-based number of the data row, and `_malformed`,
the text of a line that has too many or too few cells (its other columns are null).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Literal, cast

from churn_pipeline.io.remote import COPIES, LocalFile, local_file
from churn_pipeline.io.text_rows import MALFORMED, ROW, text_rows
from churn_pipeline.io.textfile import (
    Dialect,
    MissingFileError,
    RawFileError,
    find_dialect,
    unique_names,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd
    from ibis.backends.duckdb import Backend

Format = Literal["csv", "parquet", "excel"]
_SHOWN = 12  # sheets in a message
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "excel",
    ".xlsm": "excel",
}


def read_raw(
    connection: Backend,
    location: str,
    *,
    file_format: Format | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    copies: Path = COPIES,
) -> ir.Table:
    """Return the rows of a raw file, in bounded memory where it is not Excel.

    Args:
        connection: DuckDB connection that will hold the table.
        location: Path or URL of a CSV, TSV, Parquet or Excel file.
        file_format: What the file is; None looks at its content and suffix.
        separator: Between the cells of a text file; None finds it out.
        encoding: Of a text file; None finds it out.
        sheet: Of an Excel workbook; None takes the only one that holds rows.
        storage_options: Arguments of the URL's fsspec file system.
        copies: Folder for copies of files at a URL.

    Returns:
        The file's columns, text unless Parquet says otherwise, with `_row` (int64)
        and, for text files, `_malformed` (string).

    Raises:
        RawFileError: If the file is missing, cannot be fetched, is empty, holds a
            header only, or is not what was declared.
    """
    raw = local_file(location, storage_options, copies=copies)
    file_format = file_format or find_format(raw)
    if file_format == "parquet":
        table = _read_parquet(connection, raw.path)
    elif file_format == "excel":
        table = _read_excel(connection, raw, sheet=sheet)
    else:
        table = _read_text(connection, raw, separator=separator, encoding=encoding)
    if table.count().execute() == 0:
        columns = len(set(table.columns) - {ROW, MALFORMED})
        raise RawFileError(
            f"expected a header and rows in {raw}, got a header only "
            f"({columns} columns); export it again, or point to another file"
        )
    return table


def find_format(raw: LocalFile) -> Format:
    """Return what a file is, by its first bytes and then by its suffix.

    Raises:
        RawFileError: If it is missing, or of a kind that is not read.
    """
    with open_binary(raw) as file:
        start = file.read(8)
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"PK\x03\x04"):
        return "excel"
    pure = PurePosixPath(raw.path)
    suffix = pure.suffix.lower()
    if suffix in (".gz", ".bz2", ".xz", ".zst"):
        suffix = PurePosixPath(pure.stem).suffix.lower()
    found = _SUFFIXES.get(suffix)
    if found == "csv":
        return found
    raise RawFileError(
        f"expected a CSV, TSV, Parquet or Excel (.xlsx) file, got {raw}, which is "
        "none of them; save it as one of these"
    )


def open_binary(raw: LocalFile) -> IO[bytes]:
    """Open a file for reading, decompressed by its suffix.

    Raises:
        MissingFileError: If there is no such file.
    """
    import fsspec

    try:
        return cast(
            "IO[bytes]", fsspec.open(raw.path, "rb", compression="infer").open()
        )
    except (FileNotFoundError, IsADirectoryError) as error:
        raise MissingFileError(
            f"expected a file at {raw}, got none; put it there, or correct the path"
        ) from error


def _read_parquet(connection: Backend, path: str) -> ir.Table:
    table = connection.read_parquet(path, file_row_number=True)
    names = [name for name in table.columns if name != "file_row_number"]
    # `rename` takes the new name first.
    renamed = dict(zip(unique_names(names), names, strict=True))
    table = table.rename({new: old for new, old in renamed.items() if new != old})
    row = table["file_row_number"].cast("int64") + 1
    return cast("ir.Table", table.mutate(**{ROW: row}).drop("file_row_number"))


def _read_excel(connection: Backend, raw: LocalFile, *, sheet: str | None) -> ir.Table:
    import pandas as pd

    with open_binary(raw) as file:
        try:
            book = pd.ExcelFile(file)
        except ValueError as error:
            raise RawFileError(
                f"expected an Excel workbook (.xlsx) in {raw}, got {error}; save the "
                "sheet as .xlsx or CSV"
            ) from error
        name = _sheet_of(book, raw, sheet)
        frame = book.parse(name, dtype=str, keep_default_na=False)
    frame.columns = pd.Index(unique_names(_excel_names(frame)))
    frame[ROW] = range(1, len(frame) + 1)
    return _keep(connection, frame)


def _sheet_of(book: pd.ExcelFile, raw: LocalFile, sheet: str | None) -> str:
    """Return the sheet that was asked for, or the only one that holds rows.

    Raises:
        RawFileError: There is no such sheet, or several hold rows.
    """
    names = [str(name) for name in book.sheet_names]
    if sheet is None:
        filled = [name for name in names if not book.parse(name, nrows=1).empty]
        if len(filled) <= 1:
            return (filled or names)[0]
    elif sheet in names:
        return sheet
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    wanted = "one sheet with rows" if sheet is None else f"the sheet `{sheet}`"
    raise RawFileError(
        f"expected {wanted} in {raw}, got {shown}; name one: `sheet:` in the catalog "
        "entry, --sheet for `kedro churn adopt` and `score`"
    )


def _excel_names(frame: pd.DataFrame) -> list[str]:
    names = [str(name) for name in frame.columns]
    return ["" if name.startswith("Unnamed: ") else name for name in names]


def _read_text(
    connection: Backend, raw: LocalFile, *, separator: str | None, encoding: str | None
) -> ir.Table:
    import pyarrow as pa

    with open_binary(raw) as file:
        dialect = find_dialect(file, raw.name, separator=separator, encoding=encoding)
        file.seek(0)
        try:
            return _keep(connection, text_rows(file, dialect))
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise _unreadable(raw, dialect, error) from error
        except Exception as error:
            # DuckDB wraps what the reader raises while it pulls batches.
            if "duckdb" not in type(error).__module__:
                raise
            raise _unreadable(raw, dialect, error) from error


def _unreadable(raw: LocalFile, dialect: Dialect, error: Exception) -> RawFileError:
    return RawFileError(
        f"expected text in {dialect.encoding} separated by {dialect.separator!r} in "
        f"{raw}, got {str(error).splitlines()[0][:200]}; look for a quote that is "
        "never closed, or set `encoding:` and `separator:` in its catalog entry"
    )


def _keep(connection: Backend, rows: Any) -> ir.Table:
    """Put rows into a temporary table, which DuckDB moves to disk when it is large."""
    from ibis.util import gen_name

    name, view = gen_name("raw"), gen_name("raw_rows")
    connection.con.register(view, rows)
    try:
        # Both names are made here; none comes from a file.
        copy = f'CREATE TEMP TABLE "{name}" AS SELECT * FROM "{view}"'  # noqa: S608
        connection.raw_sql(copy)
    finally:
        connection.con.unregister(view)
    return connection.table(name)

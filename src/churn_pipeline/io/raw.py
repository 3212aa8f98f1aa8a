"""Catalog datasets of raw tables: a file of any common format, or no file at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview
from kedro_datasets._utils import ConnectionMixin

from churn_pipeline.io.reading import Format, read_raw
from churn_pipeline.io.remote import remote_exists
from churn_pipeline.io.remote_errors import shown
from churn_pipeline.io.table import PREVIEW_ROWS, first_rows
from churn_pipeline.io.textfile import MissingFileError

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend


class RawTable(ConnectionMixin, AbstractDataset[None, "ir.Table"]):
    """A raw file, never written to; see `churn_pipeline.io.reading.read_raw`.

    Example:
        ```yaml
        raw_customers:
          type: churn_pipeline.io.raw.RawTable
          filepath: ${globals:raw}/telco/customers.csv
          connection: ${globals:duckdb}
          separator: ";"      # left out: found out
          encoding: latin-1   # left out: found out
        raw_transactions:
          type: churn_pipeline.io.raw.RawTable
          filepath: s3://bucket/orders.parquet
          credentials: store  # a key of credentials.yml; left out: AWS_... variables
          fs_args: {client_kwargs: {endpoint_url: "https://minio.example.com"}}
          connection: ${globals:duckdb}
        ```
    """

    # The group of kedro-datasets' Ibis tables: one DuckDB connection for all.
    _CONNECTION_GROUP = "ibis"

    def __init__(
        self,
        *,
        filepath: str,
        connection: dict[str, Any],
        file_format: Format | None = None,
        separator: str | None = None,
        encoding: str | None = None,
        sheet: str | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Take note of where the file is; nothing is read.

        Args:
            filepath: Path or URL of a CSV, TSV, Parquet or Excel file.
            connection: `backend: duckdb` and the arguments of `ibis.duckdb.connect`.
            file_format: `csv`, `parquet` or `excel`; None finds it out.
            separator: Between the cells of a text file; None finds it out.
            encoding: Of a text file; None finds it out.
            sheet: Of an Excel workbook; None takes the only one that holds rows.
            credentials: Of the URL's fsspec file system, e.g. `key` and `secret`; an
                entry names a key of credentials.yml.
            fs_args: Its other arguments, e.g. `client_kwargs`.
            metadata: For Kedro-Viz.

        Raises:
            DatasetError: An argument stands in `credentials` and in `fs_args`.
        """
        self._filepath = filepath
        self._storage_options = _options(credentials or {}, fs_args or {})
        self._connection_config = connection
        self._file_format = file_format
        self._separator = separator
        self._encoding = encoding
        self._sheet = sheet
        self.metadata = metadata

    def _connect(self) -> Backend:
        import ibis

        config = dict(self._connection_config)
        return cast("Backend", getattr(ibis, config.pop("backend")).connect(**config))

    def load(self) -> ir.Table:
        """Return the rows, with their numbers in the column `_row`.

        Raises:
            DatasetError: If the file is missing, empty or not as declared.
        """
        try:
            return read_raw(
                self._connection,
                self._filepath,
                file_format=self._file_format,
                separator=self._separator,
                encoding=self._encoding,
                sheet=self._sheet,
                storage_options=self._storage_options,
            )
        except MissingFileError as error:
            hint = "(raw files lie in the folder that CHURN_DATA_DIR names)"
            raise DatasetError(f"{error} in catalog.yml {hint}") from error
        except ValueError as error:
            raise DatasetError(str(error)) from error

    def preview(self, nrows: int = PREVIEW_ROWS) -> TablePreview:
        """Return the first rows for Kedro-Viz."""
        return first_rows(self.load(), nrows)

    def save(self, data: None) -> NoReturn:
        """Refuse: raw data are never rewritten."""
        raise DatasetError(
            f"expected a dataset that a pipeline may write, got the raw file "
            f"{shown(self._filepath)}; raw files are read only"
        )

    def _describe(self) -> dict[str, Any]:
        return {"filepath": shown(self._filepath), "file_format": self._file_format}

    def _exists(self) -> bool:
        return remote_exists(self._filepath, self._storage_options)


def _options(credentials: dict[str, Any], fs_args: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of the file system, each given once."""
    if twice := sorted(credentials.keys() & fs_args.keys()):
        raise DatasetError(
            f"expected each argument of the file system once, got `{twice[0]}` in "
            "`credentials` and in `fs_args`; leave it in one of them"
        )
    return {**fs_args, **credentials}


class AbsentTable(AbstractDataset[None, None]):
    """A table that this company does not have: loads as None."""

    def __init__(self, *, metadata: dict[str, Any] | None = None) -> None:
        """Take nothing but `metadata` for Kedro-Viz."""
        self.metadata = metadata

    def load(self) -> None:
        """Return None."""

    def save(self, data: None) -> NoReturn:
        """Refuse: there is nothing to write to."""
        raise DatasetError(
            "expected a dataset with a file, got an absent table; give its catalog "
            "entry a `filepath`"
        )

    def _describe(self) -> dict[str, Any]:
        return {}

    def _exists(self) -> bool:
        return True

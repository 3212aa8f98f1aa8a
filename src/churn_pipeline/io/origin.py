"""Catalog dataset of the data that the champion was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError


class DataOfChampion(AbstractDataset[None, Any]):
    """The version of a versioned dataset that the serving model was made from.

    The newest version will not do to compare with: a later run rewrites it from the
    very data that is to be judged.
    """

    def __init__(
        self,
        *,
        path: str,
        name: str,
        dataset: dict[str, Any],
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the places; nothing is looked up before loading.

        Args:
            path: Folder of the data set's models, e.g. `data/06_models/company`.
            name: Catalog name of the versioned dataset, e.g. `model_input`.
            dataset: Its type and filepath.
            metadata: For kedro-viz.
        """
        self._path = path
        self._name = name
        self._dataset = dataset
        self.metadata = metadata

    def load(self) -> Any:
        """Return the data; None before the first champion.

        Raises:
            DatasetError: That version of the data is gone, or the record of the run
                that tells which one it is cannot be read.
        """
        version = self._version_read()
        if version is None:
            return None
        source = self._source(version)
        if not source.exists():
            raise DatasetError(
                f"no reference: expected {self._name} of version {version}, which the "
                f"champion was made from, in {self._dataset['filepath']}, found none; "
                "restore it from a copy, or train again: `kedro run`"
            )
        return source.load()

    def save(self, data: None) -> NoReturn:
        """Refuse: the versioned entry is the one to write to."""
        raise DatasetError(
            f"expected an entry to write to, got one that reads what the champion was "
            f"made from; write to {self._name}"
        )

    def _version_read(self) -> str | None:
        """Return the version of the data that the run of the champion read."""
        from churn_pipeline.release.store import ModelStore
        from churn_pipeline.runs import RecordError, version_read

        pointer = ModelStore(self._path).pointer()
        if pointer is None:
            return None
        try:
            return version_read(Path(self._path), pointer.version, self._name)
        except RecordError as error:
            raise DatasetError(str(error)) from error

    def _source(self, version: str) -> AbstractDataset[Any, Any]:
        """Return the dataset of one version."""
        config = {**self._dataset, "versioned": True}
        return AbstractDataset.from_config(self._name, config, load_version=version)

    def _exists(self) -> bool:
        version = self._version_read()
        return version is not None and self._source(version).exists()

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path, "name": self._name, **self._dataset}

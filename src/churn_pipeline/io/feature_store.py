"""Catalog dataset of Feast's stores: offline in Parquet, online in SQLite or Redis."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError

from churn_pipeline.io.definitions import CUSTOMER, EVENT_TIME, Definitions
from churn_pipeline.io.feast_repo import (
    OFFLINE,
    REGISTRY,
    apply,
    feast_version,
    feature_store,
    materialize,
    redis_fields,
)
from churn_pipeline.serving.online.place import SQLITE, STORE, online_place
from churn_pipeline.serving.online.record import StoreRecord

if TYPE_CHECKING:
    import ibis
    from feast import FeatureStore


@dataclass(frozen=True)
class Filling:
    """What a feature store is to hold.

    Attributes:
        rows: Keys, both times and features, lazily.
        definitions: What the columns are.
    """

    rows: ibis.Table
    definitions: Definitions


class FeatureStoreDataset(AbstractDataset[Filling, Any]):
    """Feast's registry, offline store and online store of one data set.

    Saving writes the Parquet file, applies the definitions and fills the online
    store; loading returns Feast's own `FeatureStore`. A SQLite file is filled beside
    the old one and takes its place when it is whole.
    """

    def __init__(
        self,
        *,
        path: str,
        dataset: str,
        online: str = "",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the places; nothing is read or written yet.

        Args:
            path: Folder of the registry, the offline store and the SQLite file.
            dataset: Name of the data set.
            online: URL of the online store, as `CHURN_ONLINE_STORE` has it; empty for
                the SQLite file in the folder.
            metadata: For kedro-viz.

        Raises:
            ValueError: `online` is no such URL.
        """
        self._folder = Path(path)
        self._dataset = dataset
        beside = f"{SQLITE}{(self._folder / 'online.db').as_posix()}"
        self._online = online_place(dataset, {STORE: online or beside})
        self.metadata = metadata

    def load(self) -> FeatureStore:
        """Return Feast's store.

        Raises:
            DatasetError: The extra is not installed, or nothing was written yet.
        """
        _require_feast()
        if not self._exists():
            raise DatasetError(
                f"expected a feature store in {self._folder}, found none; "
                "run `kedro run --pipelines feature_store`"
            )
        return feature_store(self._folder, self._dataset, self._online)

    def save(self, data: Filling) -> None:
        """Write the rows, apply the definitions and fill the online store.

        Raises:
            DatasetError: The extra is not installed.
        """
        _require_feast()
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f"{OFFLINE}.part"
        data.rows.to_parquet(part)
        os.replace(part, self._folder / OFFLINE)
        if self._online.startswith(SQLITE):
            self._fill_file(data)
        else:
            self._fill_redis(data)

    def _fill_file(self, data: Filling) -> None:
        from churn_pipeline.serving.online.sqlite import write_record

        path = Path(self._online.removeprefix(SQLITE))
        part = path.with_name(f"{path.name}.part")
        part.unlink(missing_ok=True)
        record = self._fill(data, f"{SQLITE}{part.as_posix()}")
        write_record(part, record)
        os.replace(part, path)

    def _fill_redis(self, data: Filling) -> None:
        from churn_pipeline.serving.online.redis import client, write_record

        record = self._fill(data, self._online)
        fields = redis_fields(data.definitions)
        redis = client(self._online)
        try:
            write_record(redis, record.model_copy(update={"fields": fields}))
        finally:
            redis.close()

    def _fill(self, data: Filling, online: str) -> StoreRecord:
        """Apply, materialise, and return what is then online."""
        first, newest, customers = _span(self._folder / OFFLINE)
        store = feature_store(self._folder, self._dataset, online)
        apply(store, self._folder, data.definitions)
        materialize(store, first, newest)
        return StoreRecord(
            generation=uuid.uuid4().hex,
            dataset=self._dataset,
            features=tuple(field.name for field in data.definitions.fields),
            fields={},
            newest=newest,
            customers=customers,
            written=dt.datetime.now(dt.UTC),
            feast=feast_version(),
        )

    def _exists(self) -> bool:
        return (self._folder / REGISTRY).is_file()

    def _describe(self) -> dict[str, Any]:
        from churn_pipeline.masking import mask

        return {"path": self._folder.as_posix(), "online": mask(self._online)}


def _span(offline: Path) -> tuple[dt.date, dt.date, int]:
    """Return the first and newest observation date, and the number of customers."""
    import duckdb

    asked = (
        f"SELECT min({EVENT_TIME})::DATE, max({EVENT_TIME})::DATE, "  # noqa: S608
        f"count(DISTINCT {CUSTOMER}) FROM read_parquet(?)"
    )
    with duckdb.connect() as connection:
        found = connection.execute(asked, [str(offline)]).fetchone()
    assert found is not None  # noqa: S101 - an aggregate has one row
    first, newest, customers = found
    return first, newest, customers


def _require_feast() -> None:
    if find_spec("feast") is None:
        raise DatasetError(
            "expected the package feast, found none; it slows the imports of others, "
            "so it has an environment of its own: `make feature-store ENV=NAME` makes "
            "that and fills the store"
        )

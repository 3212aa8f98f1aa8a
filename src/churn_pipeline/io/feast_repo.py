"""Feast's objects of a data set; each import of Feast takes seconds, so is in here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from churn_pipeline.io.definitions import CUSTOMER, EVENT_TIME, KNOWN_AT, Definitions
from churn_pipeline.serving.online.encoding import KEY_VERSION
from churn_pipeline.serving.online.place import SQLITE
from churn_pipeline.serving.online.record import OBSERVED, VIEW

if TYPE_CHECKING:
    from feast import Entity, FeatureStore, FeatureView

OFFLINE = "offline.parquet"
REGISTRY = "registry.db"
BATCH = 10_000
"""Customers that are written online at a time."""


def feature_store(folder: Path, dataset: str, online: str) -> FeatureStore:
    """Return Feast's store of a data set.

    Args:
        folder: Of the registry and the offline store.
        dataset: Name of the data set.
        online: URL of the online store.
    """
    from feast import FeatureStore, RepoConfig

    config = RepoConfig(
        project=dataset,
        provider="local",
        registry=str(folder.absolute() / REGISTRY),
        offline_store={"type": "duckdb"},
        online_store=_online(online),
        entity_key_serialization_version=KEY_VERSION,
        # Else all customers are Feast's messages in memory at once.
        materialization={"online_write_batch_size": BATCH},
    )
    return FeatureStore(config=config)


def apply(store: FeatureStore, folder: Path, definitions: Definitions) -> None:
    """Make the registry say what the offline store holds."""
    with _quiet():
        store.apply([*_objects(folder, definitions)])


def materialize(store: FeatureStore, first: dt.date, newest: dt.date) -> None:
    """Copy each customer's newest row of these observation dates online."""
    begin, end = (
        dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
        for day in (first, newest)
    )
    with _quiet():
        store.materialize(begin, end)


def redis_fields(definitions: Definitions) -> dict[str, str]:
    """Return in hexadecimal digits how Feast names each field in a hash of Redis."""
    from feast.infra.online_stores.helpers import _mmh3

    names = (*(field.name for field in definitions.fields), OBSERVED)
    return {name: _mmh3(f"{VIEW}:{name}").hex() for name in names}


def feast_version() -> str:
    """Return the version of Feast."""
    from importlib.metadata import version

    return version("feast")


def _objects(folder: Path, definitions: Definitions) -> tuple[Entity, FeatureView]:
    """Return the entity and the view of a data set."""
    from feast import Entity, FeatureView, Field, FileSource, ValueType
    from feast.data_format import ParquetFormat
    from feast.types import Float64, String

    customer = Entity(name=CUSTOMER, join_keys=[CUSTOMER], value_type=ValueType.STRING)
    source = FileSource(
        name=f"{VIEW}_features",
        path=str(folder.absolute() / OFFLINE),
        file_format=ParquetFormat(),
        timestamp_field=EVENT_TIME,
        created_timestamp_column=KNOWN_AT,
    )
    fields = [
        Field(
            name=field.name,
            dtype=Float64 if field.type == "number" else String,
            description=field.description,
            tags={"unit": field.unit} if field.unit else {},
        )
        for field in definitions.fields
    ]
    fields.append(Field(name=OBSERVED, dtype=String))
    # Without a time to live: how old features may be is the service's to say.
    view = FeatureView(
        name=VIEW, entities=[customer], schema=fields, source=source, online=True
    )
    return customer, view


def _online(url: str) -> dict[str, Any]:
    """Return Feast's settings of an online store."""
    if url.startswith(SQLITE):
        path = Path(url.removeprefix(SQLITE)).absolute()
        return {"type": "sqlite", "path": str(path)}
    parts = urlsplit(url)
    options = [f"{parts.hostname}:{parts.port or 6379}"]
    if database := parts.path.strip("/"):
        options.append(f"db={database}")
    if parts.username:
        options.append(f"username={unquote(parts.username)}")
    if parts.password:
        options.append(f"password={unquote(parts.password)}")
    if parts.scheme == "rediss":
        options.append("ssl=true")
    # Else Feast drops a corrected row of an observation date that Redis has.
    return {
        "type": "redis",
        "connection_string": ",".join(options),
        "skip_dedup": True,
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Feast prints, and its bars, off the console."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        yield

"""What Feast writes online is read as Feast itself reads it, without Feast."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pytest

from churn_pipeline.io.definitions import Definitions, Field
from churn_pipeline.io.feature_store import FeatureStoreDataset, Filling
from churn_pipeline.serving.online import OnlineFeatures
from churn_pipeline.serving.online.erase import OnlineErasure
from churn_pipeline.serving.refusal import Refusal
from tests.redis_server import redis_server

pytestmark = pytest.mark.feast

DEFINITIONS = Definitions(
    dataset="shop",
    fields=(
        Field(name="age", type="number", unit="years"),
        Field(name="Spent in %/$ (all)", type="number"),
        Field(name="plan", type="category", description="Plan booked"),
    ),
)
FIRST, NEWEST = dt.datetime(2025, 11, 30), dt.datetime(2025, 12, 31)
ROWS = [
    ("ann", FIRST, 40.0, 1.0, "basic"),
    ("ann", NEWEST, 41.0, -0.0, "plus"),
    ("17", NEWEST, float("nan"), 1e-300, None),
    ("Zoë 🙂 'x'; --", NEWEST, 0.1 + 0.2, math.pi, "Zürich" * 60),
    ("", NEWEST, 1.0, 2.0, ""),
    ("left", FIRST, 7.0, 7.0, "basic"),
]


def filling(rows: list[tuple[Any, ...]]) -> Filling:
    names = ["customer_id", "event_timestamp", *(f.name for f in DEFINITIONS.fields)]
    frame = pd.DataFrame(rows, columns=names)
    stamps = frame["event_timestamp"]
    frame["known_at"] = stamps + pd.Timedelta(days=1)
    frame["observation_date"] = stamps.dt.strftime("%Y-%m-%d")
    return Filling(ibis.memtable(frame), DEFINITIONS)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield f"{server.url}/1"


@pytest.fixture(params=["sqlite", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'online.db'}"
    found: str = request.getfixturevalue("redis_url")
    return found


def filled(folder: Path, place: str) -> FeatureStoreDataset:
    dataset = FeatureStoreDataset(path=str(folder), dataset="shop", online=place)
    dataset.save(filling(ROWS))
    return dataset


def test_every_value_is_read_as_feast_reads_it(tmp_path: Path, place: str) -> None:
    feast = filled(tmp_path, place).load()
    online = OnlineFeatures(place, "shop", max_age_days=10**6)
    names = [field.name for field in DEFINITIONS.fields]
    ids = sorted({row[0] for row in ROWS})
    theirs = feast.get_online_features(
        features=[f"customer:{name}" for name in names],
        entity_rows=[{"customer_id": customer} for customer in ids],
    ).to_dict()
    for row, customer in enumerate(ids):
        ours = online.features(customer)
        assert set(ours) == set(names)
        for name in names:
            other = theirs[name][row]
            missing = other is None or other != other  # noqa: PLR0124 - NaN
            assert ours[name] == (None if missing else other), (customer, name)
    assert dict(online.features("ann")) == dict(zip(names, ROWS[1][2:], strict=True))


def test_a_corrected_row_of_the_same_date_takes_the_place(
    tmp_path: Path, place: str
) -> None:
    dataset = filled(tmp_path, place)
    online = OnlineFeatures(place, "shop")
    assert online.features("ann")["age"] == 41
    dataset.save(filling([("ann", NEWEST, 99.0, 1.0, "plus")]))
    online.refresh()
    assert online.features("ann")["age"] == 99


def test_an_erased_customer_is_gone_for_feast_too(tmp_path: Path, place: str) -> None:
    feast = filled(tmp_path, place).load()
    OnlineErasure(place, "shop").forget("ann")
    with pytest.raises(Refusal, match="one of the 5 customers"):
        OnlineFeatures(place, "shop").features("ann")
    found = feast.get_online_features(
        features=["customer:age"], entity_rows=[{"customer_id": "ann"}]
    ).to_dict()
    assert found["age"] == [None]


def test_the_definitions_are_those_of_the_features(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path / 'online.db'}"
    view = filled(tmp_path, place).load().get_feature_view("customer")
    told = {field.name: (str(field.dtype), field.description) for field in view.schema}
    assert told["age"] == ("Float64", "")
    assert told["plan"] == ("String", "Plan booked")
    (age,) = (field for field in view.schema if field.name == "age")
    assert age.tags == {"unit": "years"}
    assert view.entities == ["customer_id"]
    source = view.batch_source
    assert source.timestamp_field == "event_timestamp"
    assert source.created_timestamp_column == "known_at"

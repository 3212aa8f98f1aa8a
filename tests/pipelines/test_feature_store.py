"""Feast tells of every customer and date what our own features tell, on both clocks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

from churn_pipeline.feature import Feature, FeatureSet
from churn_pipeline.io.definitions import Definitions
from churn_pipeline.io.feature_store import FeatureStoreDataset, Filling
from churn_pipeline.pipelines.feature_store import create_pipeline, nodes
from churn_pipeline.serving.online import OnlineFeatures
from tests.conftest import ROOT, Project
from tests.features.tables import COMPANY, DATES, features_of, random_company
from tests.pipelines.in_memory import run_in_memory

REAL = Path(os.environ.get("CHURN_DATA_DIR", ROOT.parent / "shared" / "data"))
DAY = pd.Timedelta(days=1)
KEYS = ["customer_id", "event_timestamp"]


def historical(store: Any, asked: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return what Feast tells that was known at the times asked for, by key."""
    found = store.get_historical_features(
        entity_df=asked[KEYS],
        features=[f"customer:{name}" for name in names],
        filter_by_created_timestamp=True,
    ).to_df()
    return found.set_index(KEYS)[names].sort_index()


def at(rows: pd.DataFrame, delay: pd.Timedelta, names: list[str]) -> pd.DataFrame:
    """Return our own features by customer and a time after the observation date."""
    stamps = pd.to_datetime(rows["observation_date"]).dt.tz_localize("UTC") + delay
    made = rows.assign(event_timestamp=stamps)
    return made.set_index(KEYS)[names].sort_index()


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Check that two tables are the same to the bit, row by row."""
    assert len(expected) > 0
    for name in expected.columns:
        theirs, ours = found[name].to_numpy(), expected[name].to_numpy()
        if ours.dtype == np.float64:
            np.testing.assert_array_equal(theirs, ours, err_msg=name)
        else:
            assert list(pd.Series(theirs).fillna("-")) == list(
                pd.Series(ours).fillna("-")
            ), name


def retail(folder: Path) -> None:
    """Write the invoice lines of some customers, or lines made up where none are."""
    (folder / "retail").mkdir(parents=True)
    path, real = folder / "retail/online_retail.parquet", REAL / "retail"
    if real.is_dir():
        lines = ibis.read_parquet(real / "online_retail.parquet")
        lines.filter(lines.CustomerID % 20 == 7).to_parquet(path)
        return
    rng = np.random.default_rng(0)
    n, order = 4000, np.arange(4000) // 3
    customer = 12_000 + order % 60
    gone = (customer % 3 == 0) & (order > 500)  # later orders are another's
    made = pd.DataFrame(
        {
            "InvoiceNo": [f"{500_000 + i}" for i in order],
            "StockCode": "85123A",
            "Description": "LANTERN",
            "Quantity": rng.integers(1, 20, n).astype("int32"),
            "InvoiceDate": pd.Timestamp("2010-12-01")
            + pd.to_timedelta(order * 400, "min"),
            "UnitPrice": rng.gamma(2.0, 2.0, n).round(2),
            "CustomerID": (customer + gone).astype("int32"),
            "Country": "France",
        }
    )
    made.to_parquet(path)


def run(tmp_path: Path, env: str) -> Project:
    """Take a data set's raw tables to its feature store, as a user would."""
    project = Project.new(tmp_path / "project")
    pipelines = "data_validation,feature_engineering,feature_store"
    if env == "test":
        project.kedro("run", "--env", env, "--pipelines", f"simulate,{pipelines}")
    else:
        retail(tmp_path / "raw")
        raw = {"CHURN_DATA_DIR": str(tmp_path / "raw")}
        project.kedro("run", "--env", env, "--pipelines", pipelines, **raw)
    return project


@pytest.mark.feast
@pytest.mark.parametrize("env", ["test", "retail"])
def test_feast_tells_of_each_row_what_our_own_features_tell(
    env: str, tmp_path: Path
) -> None:
    folder = run(tmp_path, env).folder / "data/04_feature" / env
    (features,) = folder.glob("customer_features.parquet/*/*.parquet")
    (described,) = folder.glob("feature_set.json/*/*.json")
    names = [*FeatureSet.model_validate_json(described.read_bytes()).names]
    rows = pd.read_parquet(features)
    place = folder / "feature_store"
    store = FeatureStoreDataset(path=str(place), dataset=env).load()

    known = at(rows, DAY, names)  # the first moment at which a date's row is known
    assert_same(historical(store, known.reset_index(), names), known)

    noon = at(rows, DAY / 2, names)  # it is not: the date before is what is known
    dates = sorted(rows["observation_date"].unique())
    before = dict(zip(dates[1:], dates[:-1]))
    earlier = rows.assign(observation_date=rows["observation_date"].map(before))
    keys = ["customer_id", "observation_date"]
    ours = earlier[keys].merge(rows, "left", keys).set_axis(rows.index)
    current = ours.notna().any(axis=1) & ours[names].notna().any(axis=1)
    found = historical(store, noon.reset_index(), names)
    kept = rows[current]
    expected = at(kept[keys].join(ours.loc[current, names]), DAY / 2, names)
    assert_same(found.loc[expected.index], expected)

    online = OnlineFeatures(f"sqlite:///{place / 'online.db'}", env)
    newest = rows[rows["observation_date"] == dates[-1]]
    for row in newest.to_dict("records"):
        theirs = online.features(row["customer_id"])
        assert {n: theirs[n] for n in names} == {
            n: None if pd.isna(row[n]) else row[n] for n in names
        }


@pytest.mark.feast
def test_what_became_known_late_is_told_from_then_on(tmp_path: Path) -> None:
    """A fifth of this company's events become known days or weeks later."""
    data = random_company(size=15, seed=1)
    made = features_of(data)
    names = [n for n in made.columns if n != "gender"]
    feature_set = FeatureSet(
        features=tuple(
            Feature(
                name=n, type="number" if made[n].dtype == np.float64 else "category"
            )
            for n in names
        )
    )
    told = run_in_memory(
        create_pipeline(),
        {
            "customer_features": ibis.memtable(made.reset_index(), schema=None).mutate(
                observation_date=ibis._.observation_date.cast("date")
            ),
            "feature_set": feature_set.model_dump(mode="json"),
            "params:dataset": COMPANY,
        },
    )
    filling = told["feature_store"]
    assert isinstance(filling, Filling)
    dataset = FeatureStoreDataset(path=str(tmp_path), dataset="tiny")
    dataset.save(filling)
    store = dataset.load()
    for date in map(pd.Timestamp, DATES):
        over = date + DAY
        events = data["transactions"]
        seen = (events["event_time"] < over) & (events["known_at"] < over)
        as_it_was = features_of(data | {"transactions": events[seen]})
        rows = as_it_was.loc[[date]].reset_index()
        expected = at(rows, DAY, names)
        assert_same(historical(store, expected.reset_index(), names), expected)


def test_a_row_is_known_when_its_day_is_over() -> None:
    features = ibis.memtable(
        pd.DataFrame({"customer_id": ["ann"], "age": [41.0], "gender": ["f"]})
    ).mutate(observation_date=ibis.date("2025-12-31"))
    made = FeatureSet(features=(Feature(name="age", type="number"),))
    definitions = nodes.define_feature_store(made.model_dump(mode="json"), COMPANY)
    (row,) = nodes.stamp_features(features, definitions).to_pandas().to_dict("records")
    assert row == {  # and nothing that is only reported by
        "customer_id": "ann",
        "event_timestamp": pd.Timestamp("2025-12-31"),
        "known_at": pd.Timestamp("2026-01-01"),
        "observation_date": "2025-12-31",
        "age": 41.0,
    }


@pytest.mark.parametrize("name", ["known_at", "a:b"])
def test_a_feature_that_a_store_cannot_hold_is_refused(name: str) -> None:
    made = FeatureSet(features=(Feature(name=name, type="number"),))
    with pytest.raises(ValueError, match=f"got '{name}'.*rename it in"):
        nodes.define_feature_store(made.model_dump(mode="json"), COMPANY)


def test_without_feast_it_is_said_what_to_run_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("churn_pipeline.io.feature_store.find_spec", lambda name: None)
    dataset = FeatureStoreDataset(path=str(tmp_path / "store"), dataset="tiny")
    rows = ibis.memtable(pd.DataFrame({"customer_id": ["ann"]}))
    with pytest.raises(DatasetError, match=r"package feast, found none.*make feature"):
        dataset.save(Filling(rows, Definitions(dataset="tiny", fields=())))
    assert not (tmp_path / "store").exists()

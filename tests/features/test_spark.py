"""The same expressions on Spark give the same rows as on DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pytest

from churn_pipeline.features.build import Tables, event_features
from churn_pipeline.features.label import event_labels
from tests.features.tables import (
    CALENDAR,
    COMPANY,
    PARAMETERS,
    as_tables,
    random_company,
)

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql")
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    yield ibis.pyspark.connect(session)
    session.stop()


def _labelled(tables: Tables) -> pd.DataFrame:
    made = event_features(tables, COMPANY, PARAMETERS, CALENDAR)
    rows = event_labels(made.table, tables, COMPANY, PARAMETERS, CALENDAR).to_pandas()
    rows["observation_date"] = pd.to_datetime(rows["observation_date"])
    return rows.sort_values(["observation_date", "customer_id"], ignore_index=True)


def test_spark_and_duckdb_give_equal_rows(spark: Any, tmp_path: Path) -> None:
    tables = as_tables(random_company(size=12))
    on_spark = {}
    for name, table in tables._asdict().items():
        table.to_parquet(tmp_path / f"{name}.parquet")
        on_spark[name] = spark.read_parquet(tmp_path / f"{name}.parquet")
    rows = _labelled(Tables(**on_spark))
    expected = _labelled(tables)
    assert rows["label"].notna().any()
    pd.testing.assert_frame_equal(rows, expected, rtol=1e-9, atol=1e-9)

"""The pipeline as Kedro runs it, from typed tables in memory to `model_input`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.dataset import Dataset
from churn_pipeline.feature import FeatureSet
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.pipelines.feature_engineering import create_pipeline, nodes
from churn_pipeline.validation.params import DataValidation
from churn_pipeline.validation.schemas import ModelInput
from tests.features.tables import COMPANY, PARAMETERS, as_tables, random_company
from tests.pipelines.in_memory import run_in_memory

DATA = random_company(size=60)
# A fifth of its rows take up to two months to be known: half a year is too short.
LONG_ENOUGH = {"lookback_days": 60, "known_lag_days": 0}


def _run(
    tables: dict[str, Any], dataset: Dataset, parameters: FeatureEngineering
) -> dict[str, Any]:
    inputs = tables | {
        "params:dataset": dataset,
        "params:feature_engineering": parameters,
        "params:seed": 42,
        "params:data_validation": DataValidation(),
    }
    return run_in_memory(create_pipeline(), inputs)


def test_events_become_labelled_rows_of_every_date() -> None:
    parameters = PARAMETERS.model_copy(update=LONG_ENOUGH)
    made = _run(as_tables(DATA)._asdict(), COMPANY, parameters)
    rows = made["model_input"]
    feature_set = FeatureSet.model_validate(made["feature_set"])
    assert list(rows) == [
        *("customer_id", "observation_date", *feature_set.names, "gender"),
        *("label", "split", "fold"),
    ]
    assert {"train", "test"} <= set(rows["split"])
    labelled = rows[rows["split"].isin(["train", "test"])]
    assert set(labelled["label"]) == {0.0, 1.0}
    assert rows.loc[rows["split"] == "not_mature", "label"].isna().all()
    ordered = rows.sort_values(["observation_date", "customer_id"])
    assert ordered.index.equals(rows.index)


def test_who_is_lost_within_the_lead_time_is_kept_apart_and_passes_the_check() -> None:
    label = COMPANY.label.model_copy(update={"lead_time_days": 14})
    company = COMPANY.model_copy(update={"label": label})
    parameters = PARAMETERS.model_copy(update=LONG_ENOUGH)
    made = _run(as_tables(DATA)._asdict(), company, parameters)["model_input"]
    rows = ModelInput().validate(made)
    lost = rows[rows["label"].isna() & (rows["split"] != "not_mature")]
    assert len(lost) > 0
    assert set(lost["split"]) == {"gap"}


def test_the_same_run_gives_the_same_bytes() -> None:
    parameters = PARAMETERS.model_copy(update=LONG_ENOUGH)
    first = _run(as_tables(DATA)._asdict(), COMPANY, parameters)["model_input"]
    mixed = DATA | {"transactions": DATA["transactions"].sample(frac=1, random_state=1)}
    again = _run(as_tables(mixed)._asdict(), COMPANY, parameters)["model_input"]
    pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_a_snapshot_keeps_its_label_and_every_customer() -> None:
    import ibis

    size = 300
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{n:03d}" for n in range(size)],
            "charge": rng.gamma(2.0, 30.0, size),
            "label": (np.arange(size) % 4 == 0).astype(float),
        }
    )
    dataset = Dataset.model_validate(
        {
            "name": "tiny",
            "shape": "snapshot",
            "snapshot_date": "2024-01-31",
            "tables": {
                "customers": {
                    "customer_id": "id",
                    "columns": {"charge": {"type": "number"}},
                }
            },
            "label": {"rule": "column", "column": "churn", "positive": "Yes"},
        }
    )
    empty = as_tables(DATA)
    tables = {
        "customers": ibis.memtable(frame),
        "transactions": empty.transactions.limit(0),
        "contracts": empty.contracts.limit(0),
    }
    rows = _run(tables, dataset, FeatureEngineering())["model_input"]
    assert rows["customer_id"].tolist() == frame["customer_id"].tolist()
    assert rows["label"].tolist() == frame["label"].tolist()
    assert rows.groupby("split").size().to_dict() == {
        "train": 240,
        "test": 60,
    }
    assert rows.groupby("fold").size().to_dict() == {-1: 60} | dict.fromkeys(
        range(8), 30
    )


def test_a_column_of_customers_that_alone_tells_who_leaves_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = pd.DataFrame({"label": np.arange(200) // 2 % 2.0, "split": "train"})
    rows["status"] = np.where(rows["label"] == 1, "closed", "open")
    rows["calls"] = np.arange(200) % 7
    nodes._warn_of_giveaways(rows, DataValidation())
    (line,) = caplog.messages
    assert "status alone tells who leaves (ROC AUC 1.000)" in line

"""On the simulated company drift is quiet before it begins, and is named after it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest
import yaml

from churn_pipeline.dataset import Dataset
from churn_pipeline.features.build import Tables, event_features
from churn_pipeline.features.observation import calendar
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.monitoring.drift import DriftRule, Sample, compare
from churn_pipeline.simulation.company import simulate_chunks
from churn_pipeline.simulation.params import Simulation
from churn_pipeline.validation.fields import table_of
from churn_pipeline.validation.rows import accepted, check_rows

CONF = Path(__file__).parents[2] / "conf/base"
NAMES = ("customers", "transactions", "contracts")
LAST_LEARNT = np.datetime64("2025-05-01")
BEFORE, AFTER = np.datetime64("2025-08-01"), np.datetime64("2025-12-01")


def _read(file, key):
    return yaml.safe_load((CONF / file).read_text(encoding="utf8"))[key]


@pytest.fixture(scope="module")
def company():
    """The features of 2,000 customers, clean, and what they are."""
    params = Simulation.model_validate(_read("parameters_simulate.yml", "simulate"))
    small = params.model_copy(
        update={
            "customers": 2000,
            "chunk_customers": 2000,
            "dirt": params.dirt.model_copy(update={"share": 0.0}),
        }
    )
    described = _read("dataset.yml", "dataset") | {"name": "tiny"}
    dataset = Dataset.model_validate(described)
    (chunk,) = simulate_chunks(small, dataset.label, seed=42)
    typed = (_typed(name, getattr(chunk, name), dataset) for name in NAMES)
    tables = Tables(*typed)
    parameters = FeatureEngineering.model_validate(
        _read("parameters_feature_engineering.yml", "feature_engineering")
    )
    dates = calendar(tables, dataset, parameters)
    made = event_features(tables, dataset, parameters, dates)
    return made.table.to_pandas(), made.feature_set


def _typed(name: str, raw: pa.Table, dataset: Dataset) -> ibis.Table:
    table = table_of(dataset, name)
    today = dt.date(2026, 6, 1)
    return accepted(check_rows(ibis.memtable(raw), table, dataset, today=today))


def _judged(company, date):
    """Return what became of the columns on a date, against the dates learnt from."""
    frame, feature_set = company
    dates = frame["observation_date"].to_numpy("datetime64[D]")
    kinds = {feature.name: feature.type for feature in feature_set.features}
    samples = [
        Sample({n: frame.loc[rows, n].to_numpy() for n in kinds}, dates[rows])
        for rows in (dates <= LAST_LEARNT, dates == date)
    ]
    return compare(*samples, kinds, rule=DriftRule())


def test_a_date_before_the_drift_is_quiet(company):
    assert [c.name for c in _judged(company, BEFORE) if c.drifted] == []


def test_the_columns_that_the_company_drifts_in_are_named_after_it(company):
    drifted = {c.name for c in _judged(company, AFTER) if c.drifted}
    assert {"channel", "amount_30d", "amount_mean_180d"} <= drifted
    others = {n for n in drifted if not n.startswith("amount")}
    assert others <= {"channel", "age", "monetary"}, "nothing else is made to drift"

"""Who has left already is told apart from who is worth a call."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churn_pipeline.dataset import ColumnLabel, ContractEndLabel, InactivityLabel
from churn_pipeline.feature import Feature
from churn_pipeline.serving.decide import decide, has_lapsed
from tests.factories import tiny_artifact

IDLE = {"recency_days": [10, 60, 61, None], "has_contract": [0, 0, 0, 0]}
UNDER_CONTRACT = {"recency_days": [None, 400, 400], "has_contract": [1, 1, 0]}


def _manifest(label, names):
    features = tuple(Feature(name=name, type="number") for name in names)
    known = tiny_artifact().manifest
    return known.model_copy(update={"label": label, "features": features})


def test_gone_goes_before_call():
    gone = np.array([True, False, False])
    decisions = decide(np.array([0.9, 0.4, 0.39]), 0.4, gone=gone)
    assert decisions.tolist() == ["gone", "call", "no_call"]


@pytest.mark.parametrize("form", [dict, pd.DataFrame, pa.table])
def test_idle_for_longer_than_the_horizon_has_left(form):
    label = InactivityLabel(rule="inactivity", horizon_days=60)
    manifest = _manifest(label, ["recency_days"])
    assert has_lapsed(form(IDLE), manifest).tolist() == [False, False, True, False]


def test_under_a_running_contract_nobody_has_left():
    label = ContractEndLabel(rule="contract_end", horizon_days=30)
    manifest = _manifest(label, UNDER_CONTRACT)
    assert has_lapsed(UNDER_CONTRACT, manifest).tolist() == [False, False, True]


def test_features_of_a_snapshot_do_not_tell():
    label = ColumnLabel(rule="column", column="left", positive="1")
    assert has_lapsed(IDLE, _manifest(label, IDLE)) is False

"""Who has left already is told apart from who is worth a call."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churn_pipeline.dataset import ColumnLabel, ContractEndLabel, InactivityLabel
from churn_pipeline.evaluation.decision import CustomerValue
from churn_pipeline.feature import Feature
from churn_pipeline.models.conformal import Conformal
from churn_pipeline.serving.decide import decide, has_lapsed
from tests.factories import TINY_DECISION, tiny_artifact

IDLE = {"recency_days": [10, 60, 61, None], "has_contract": [0, 0, 0, 0]}
UNDER_CONTRACT = {"recency_days": [None, 400, 400], "has_contract": [1, 1, 0]}


def _manifest(label, names):
    features = tuple(Feature(name=name, type="number") for name in names)
    known = tiny_artifact().manifest
    return known.model_copy(update={"label": label, "features": features})


def test_gone_goes_before_call():
    left, p = np.array([True, False, False]), np.array([0.9, 0.4, 0.39])
    found = decide({}, p, tiny_artifact().manifest, left=left)
    assert found.decision.tolist() == ["gone", "call", "no_call"]
    assert found.threshold.tolist() == [0.4, 0.4, 0.4]
    assert found.expected_profit.tolist() == pytest.approx([5, 0, -0.1])


def test_who_is_worth_more_is_called_sooner():
    value = CustomerValue("monthly_charge", otherwise=10, times=0.5)
    costs = replace(TINY_DECISION, customer_value=value)
    manifest = tiny_artifact().manifest.model_copy(update={"decision": costs})
    columns = {"monthly_charge": [80.0, 20.0, None, 6.0]}
    found = decide(columns, np.full(4, 0.4), manifest)
    assert found.threshold[:3].tolist() == pytest.approx([0.1, 0.4, 0.4])
    assert found.decision.tolist() == ["call", "call", "call", "no_call"]
    assert found.expected_profit.tolist() == pytest.approx([12, 0, 0, -2.8])


def test_certainty_is_that_of_the_conformal_sets():
    manifest = tiny_artifact().manifest
    sets = Conformal(0.8, leaves_from=0.2, stays_to=0.6, n_churners=9, n_stayers=9)
    manifest = manifest.model_copy(update={"conformal": sets})
    found = decide({}, np.array([0.1, 0.4, 0.9]), manifest)
    assert found.certainty.tolist() == ["stays", "not_sure", "leaves"]


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

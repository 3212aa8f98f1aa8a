"""Candidates are judged by money or a metric, and the best is taken."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.evaluation.decision import CustomerValue
from churn_pipeline.pipelines.training.choice import Comparison, compare
from tests.factories import DECISION
from tests.pipelines.training.inputs import model_input


class Ninth:
    """A model that gives everybody 9 %."""

    def predict(self, rows):
        return np.full(len(rows), 0.09)


def test_a_candidate_is_judged_by_what_each_customer_is_worth():
    rows = model_input(300).assign(value=np.tile([4000.0, np.nan, 0.0], 100))
    held_out = pd.DataFrame({"flat": np.full(250, 0.09)})
    worth = CustomerValue("value", otherwise=800)
    each = dataclasses.replace(DECISION, customer_value=worth)
    found = {
        name: compare({"flat": Ninth()}, rows, held_out, decision).held_out["flat"]
        for name, decision in (("one", DECISION), ("each", each))
    }
    called = rows.query("split == 'train'")["value"] == 4000
    assert found["one"]["contacted_share"] == found["one"]["profit"] == 0.0
    assert found["each"]["contacted_share"] == pytest.approx(called.mean())
    assert found["each"]["profit"] > 0
    assert found["one"]["profit_loss"] != found["each"]["profit_loss"]
    assert (
        found["one"]["threshold"] == found["each"]["threshold"] == DECISION.break_even
    )


def test_rising_metrics_choose_the_largest():
    found = Comparison(
        0.2,
        {
            "net": {"log_loss": 0.4, "roc_auc": 0.8, "profit_loss": 9.0},
            "logistic": {"log_loss": 0.3, "roc_auc": 0.7, "profit_loss": 8.0},
        },
        {},
        pd.DataFrame(),
    )
    assert found.ranked("roc_auc") == {"net": 0.8, "logistic": 0.7}
    assert list(found.ranked("log_loss")) == ["logistic", "net"]
    assert list(found.ranked("profit")) == ["logistic", "net"]

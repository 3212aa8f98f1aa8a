"""The node that looks for the net's settings."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest

from churn_pipeline.evaluation.decision import CustomerValue, Decision
from churn_pipeline.models.settings import TuningSettings
from churn_pipeline.pipelines.training import nodes
from churn_pipeline.pipelines.training.params import Training
from tests.factories import DECISION
from tests.pipelines.training.inputs import DATASET, FEATURE_SET, model_input, training


def tune(
    settings: Training, decision: Decision = DECISION, rows: pd.DataFrame | None = None
) -> dict[str, Any]:
    return nodes.tune_net(
        model_input() if rows is None else rows,
        FEATURE_SET,
        dataset=DATASET,
        training=settings,
        decision=decision,
        seed=0,
    )


def test_no_trials_give_an_empty_table_and_a_figure(tmp_path):
    untuned = training(
        tmp_path,
        tuning=TuningSettings(n_trials=0, storage=f"sqlite:///{tmp_path}/t.db"),
    )
    found = tune(untuned)
    assert found["net_settings"] == dataclasses.asdict(untuned.net)
    assert len(nodes.plot_tuning(found["tuning_trials"], untuned).data) == 3


def test_the_axis_says_what_trials_were_judged_by(tmp_path):
    trials = pd.DataFrame(
        {
            "number": [0, 1, 2],
            "state": ["complete", "pruned", "complete"],
            "value": [7.0, 9.0, 6.0],
        }
    )
    usual = training(tmp_path)
    by_profit = dataclasses.replace(usual.tuning, objective="profit")
    found = nodes.plot_tuning(trials, training(tmp_path, tuning=by_profit))
    assert {line.name: line.y.tolist() for line in found.data} == {
        "complete": [7.0, 6.0],
        "pruned": [9.0],
        "best so far": [7.0, 6.0],
    }
    assert found.layout.yaxis.title.text == "money lost a customer of held-out rows"
    by_log_loss = nodes.plot_tuning(trials, usual)
    assert by_log_loss.layout.yaxis.title.text == "log loss of held-out rows"


def test_a_study_can_look_for_profit(tmp_path):
    by_profit = dataclasses.replace(training(tmp_path).tuning, objective="profit")
    rows = model_input()
    rows["income"] = rows["income"].fillna(1.0)
    worth = {"column": "income", "times": 1e-4, "otherwise": 500.0}
    valued = dataclasses.replace(DECISION, customer_value=worth)
    settings = training(tmp_path, tuning=by_profit)
    of_one = tune(settings, DECISION, rows)["tuning_trials"]["value"].min()
    of_each = tune(settings, valued, rows)["tuning_trials"]["value"].min()
    # Money per customer, and other money where customers are worth different sums.
    assert of_one > 1
    assert of_each != pytest.approx(of_one)


def test_a_column_of_values_that_is_not_there_is_told_before_anything_is_fit():
    value = CustomerValue("charge", otherwise=800)
    with pytest.raises(ValueError, match="columns of model_input, got 'charge'"):
        tune(Training(), dataclasses.replace(DECISION, customer_value=value))


def test_the_net_is_not_tuned_where_it_is_no_candidate(tmp_path):
    without = training(tmp_path, candidates=("logistic",))
    found = tune(without)
    assert found["net_settings"] == dataclasses.asdict(without.net)
    assert list(tmp_path.iterdir()) == []

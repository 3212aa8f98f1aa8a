"""Calls are dealt out within a budget, and a random group is kept aside."""

import dataclasses
import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from churn_pipeline.pipelines.scoring.calls import assign_calls, in_control
from churn_pipeline.pipelines.scoring.params import Scoring
from tests.factories import COSTS, tiny_artifact

DATE = dt.date(2026, 2, 1)
CUSTOMERS = [f"c{i:04}" for i in range(2000)]


@pytest.fixture(scope="module")
def champion():
    return tiny_artifact()


def _scores(n):
    """Customers of whom the first is worth most."""
    return pd.DataFrame(
        {
            "customer_id": CUSTOMERS[:n],
            "observation_date": pd.Timestamp(DATE),
            "churn_probability": np.linspace(0.9, 0.5, n),
            "held_out": False,
            "decision": "call",
            "expected_profit": np.linspace(40, 5, n),
            "customer_value": 10.0,
            "certainty": "leaves",
            "model_version": "v1",
        }
    )


def _assigned(champion, n=2000, capacity=None, **scoring):
    rows = pd.DataFrame({"customer_id": CUSTOMERS, "observation_date": DATE})
    return assign_calls(
        _scores(n),
        ibis.memtable(rows.assign(plan="basic")),
        {"segments": ["plan"]},
        champion=champion,
        decision=dataclasses.replace(COSTS, capacity=capacity),
        scoring=Scoring(**scoring),
    )


def test_a_tenth_is_kept_aside_the_same_whoever_else_there_is(champion):
    all_of_them, some = _assigned(champion), _assigned(champion, n=500)
    aside = all_of_them[all_of_them["arm"] == "control"]
    assert 160 <= len(aside) <= 240
    assert aside["rank"].isna().all()
    few = set(some.loc[some["arm"] == "control", "customer_id"])
    assert few == set(aside["customer_id"]) & set(CUSTOMERS[:500])
    assert set(aside["plan"]) == {"basic"}
    assert set(aside["campaign"]) == {"first"}


def test_the_success_rate_that_was_stated_is_kept(champion):
    stated = champion.manifest.decision.success_rate
    assert set(_assigned(champion)["success_rate"]) == {stated}


def test_who_is_kept_aside_does_not_depend_on_what_the_model_says(champion):
    found = _assigned(champion, control_share=0.5)
    profit = found.groupby("arm")["expected_profit"]
    spread = profit.std().mean() * np.sqrt(4 / len(found))
    assert abs(profit.mean()["call"] - profit.mean()["control"]) < 3 * spread


def test_another_campaign_draws_anew_and_a_larger_share_keeps_the_same():
    customers = pd.Series(CUSTOMERS)
    spring = in_control(customers, share=0.1, campaign="spring")
    autumn = in_control(customers, share=0.1, campaign="autumn")
    wider = in_control(customers, share=0.3, campaign="spring")
    assert (spring & autumn).sum() == pytest.approx(20, abs=14)
    assert (spring & ~wider).sum() == 0
    numbers = in_control(pd.Series(range(2000)), share=0.1, campaign="spring")
    texts = in_control(pd.Series(map(str, range(2000))), share=0.1, campaign="spring")
    assert numbers.tolist() == texts.tolist()


def test_the_control_group_takes_no_call_of_those_there_is_time_for(champion):
    found = _assigned(champion, capacity=100, control_share=0.2)
    called = found[found["arm"] == "call"]
    assert called["rank"].tolist() == list(range(1, 101))
    assert found["arm"].iloc[-1] == "call"
    aside = in_control(pd.Series(CUSTOMERS), share=0.2, campaign="first")
    first = np.array(CUSTOMERS)[~aside][:100]
    assert called["customer_id"].tolist() == first.tolist()


def test_money_ends_the_list_where_the_next_call_no_longer_fits(champion):
    # A call costs 4 and nobody is offered anything: 25 calls for 103.
    found = _assigned(champion, budget=103, control_share=0)
    assert len(found) == 25
    assert found["expected_spend"].sum() == pytest.approx(100)
    assert len(_assigned(champion, budget=3)) == 0


def test_without_a_control_group_all_are_called(champion):
    assert set(_assigned(champion, control_share=0)["arm"]) == {"call"}

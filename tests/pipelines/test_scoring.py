"""Scores of the newest date come from the champion; the list names whom to call."""

import dataclasses
import datetime as dt

import ibis
import pandas as pd
import pytest

from churn_pipeline.dataset import Dataset
from churn_pipeline.pipelines.scoring import create_pipeline
from churn_pipeline.pipelines.scoring.calls import assign_calls, list_calls
from churn_pipeline.pipelines.scoring.nodes import score_customers
from churn_pipeline.pipelines.scoring.params import Scoring
from tests.factories import COSTS, tiny_artifact, tiny_columns

OLD, NEW = dt.date(2026, 1, 1), dt.date(2026, 2, 1)
UNSEEN = pd.DataFrame({"customer_id": [], "churn_probability": []})
NOBODY = ibis.memtable(pd.DataFrame({"customer_id": ["c000"]}))
SHOP = Dataset.model_validate(
    {
        "name": "shop",
        "shape": "events",
        "currency": "GBP",
        "tables": {"transactions": {"customer_id": "who", "time": "when"}},
        "label": {"rule": "inactivity", "horizon_days": 60},
    }
)


@pytest.fixture(scope="module")
def champion():
    return tiny_artifact()


@pytest.fixture(scope="module")
def features():
    frame = pd.DataFrame(tiny_columns(300, seed=5)).assign(unused="x")
    frame["customer_id"] = [f"c{i:03}" for i in range(300)]
    frame["observation_date"] = [OLD] * 100 + [NEW] * 200
    return ibis.memtable(frame)


def _scored(features, customers, champion, scoring):
    return score_customers(features, customers, UNSEEN, champion, scoring)


def _assigned(scores, features, champion, *, scoring, segments=(), decision=COSTS):
    return assign_calls(
        scores.assign(held_out=False, customer_value=10.0, model_version="v1"),
        features,
        {"segments": list(segments)},
        champion=champion,
        decision=decision,
        scoring=scoring,
    )


def _listed(scores, features, champion, *, scoring, segments=(), decision=COSTS):
    told = {"segments": segments, "scoring": scoring, "decision": decision}
    return list_calls(
        _assigned(scores, features, champion, **told),
        features,
        {"segments": list(segments)},
        champion=champion,
        dataset=SHOP,
        scoring=scoring,
    )


def test_the_newest_date_is_scored_as_by_the_artifact(features, champion):
    scores = _scored(features, NOBODY, champion, Scoring())
    assert list(scores) == [
        "customer_id",
        "observation_date",
        "churn_probability",
        "held_out",
        "decision",
        "expected_profit",
        "customer_value",
        "certainty",
        "model_version",
    ]
    assert len(scores) == 200
    rows = features.to_pandas().set_index("customer_id").loc[scores["customer_id"]]
    expected = champion.predict(rows)
    assert scores["churn_probability"].tolist() == pytest.approx(expected.tolist())
    assert scores["churn_probability"].is_monotonic_decreasing
    called = scores["decision"] == "call"
    assert (called == (scores["churn_probability"] >= 0.4)).all()
    assert 0 < called.sum() < 200
    assert set(scores["model_version"]) == {champion.manifest.version}


def test_another_date_may_be_asked_for(features, champion):
    scores = _scored(features, NOBODY, champion, Scoring(observation_date=OLD))
    assert len(scores) == 100


def test_a_date_without_customers_is_refused_with_those_there_are(features, champion):
    wrong = Scoring(observation_date=dt.date(2020, 1, 1))
    with pytest.raises(ValueError, match="dates there: 2026-01-01, 2026-02-01"):
        _scored(features, NOBODY, champion, wrong)


def test_a_feature_that_is_not_made_any_more_is_named(features, champion):
    message = r"expected the 3 features .* missing are 1: plan; .* `kedro run`"
    with pytest.raises(ValueError, match=message):
        _scored(features.drop("plan"), NOBODY, champion, Scoring(control_share=0))


def test_who_left_by_their_own_label_is_scored_and_never_called(features, champion):
    rows = features.to_pandas()
    newest = rows["customer_id"].iloc[100:]
    label = [float(i % 2) for i in range(len(newest))]
    customers = pd.DataFrame({"customer_id": newest, "label": label})
    before = _scored(features, NOBODY, champion, Scoring())
    scores = _scored(features, ibis.memtable(customers), champion, Scoring())
    assert scores["churn_probability"].tolist() == before["churn_probability"].tolist()
    left = set(customers.loc[customers["label"] == 1, "customer_id"])
    assert set(scores.loc[scores["decision"] == "gone", "customer_id"]) == left
    assert before.loc[before["customer_id"].isin(left), "decision"].eq("call").any()
    rest = scores["decision"] != "gone"
    assert scores[rest]["decision"].tolist() == before[rest]["decision"].tolist()


def test_the_list_holds_those_to_call_by_what_the_call_is_to_earn(features, champion):
    scores = pd.DataFrame(
        {
            "customer_id": ["c150", "c120", "c130", "c140"],
            "observation_date": pd.Timestamp(NEW),
            "churn_probability": [0.9, 0.70049, 0.5, 0.1],
            "decision": ["gone", "call", "call", "no_call"],
            "expected_profit": [40.0, 19.5, 29.324, -1.0],
            "certainty": ["leaves", "leaves", "not_sure", "stays"],
        }
    )
    plans = features.to_pandas().set_index("customer_id")["plan"]
    told = {"segments": ["plan"], "scoring": Scoring(reasons=0, control_share=0)}
    listed = _listed(scores, features, champion, **told)
    assert listed.to_dict("records") == [
        {
            "rank": 1,
            "customer_id": "c130",
            "churn_probability": 0.5,
            "expected_profit": 29.32,
            "expected_spend": 4.0,
            "currency": "GBP",
            "certainty": "not_sure",
            "reasons": "",
            "plan": plans["c130"],
        },
        {
            "rank": 2,
            "customer_id": "c120",
            "churn_probability": 0.7,
            "expected_profit": 19.5,
            "expected_spend": 4.0,
            "currency": "GBP",
            "certainty": "leaves",
            "reasons": "",
            "plan": plans["c120"],
        },
    ]
    one = dataclasses.replace(COSTS, capacity=1)
    shorter = _listed(scores, features, champion, decision=one, **told)
    assert shorter["customer_id"].tolist() == ["c130"]


def test_the_list_says_why_to_call_the_first_of_it(features, champion):
    scores = _scored(features, NOBODY, champion, Scoring())
    asked = Scoring(reasons=2, reasons_for=5, control_share=0)
    listed = _listed(scores, features, champion, scoring=asked)
    assert len(listed) > 5
    rows = features.to_pandas().set_index("customer_id").loc[listed["customer_id"]]
    found = champion.reasons(rows[:5], at_most=2, raising=True)
    texts = ["; ".join(reason.text for reason in reasons) for reasons in found]
    assert listed["reasons"].tolist() == texts + [""] * (len(listed) - 5)
    assert texts[0].startswith("tenure_months: ")


def test_with_nobody_to_call_the_list_has_its_columns_and_no_row(features, champion):
    scores = pd.DataFrame(
        {
            "customer_id": ["c150"],
            "observation_date": pd.Timestamp(NEW),
            "churn_probability": [0.1],
            "decision": ["no_call"],
            "expected_profit": [-1.0],
            "certainty": ["stays"],
        }
    )
    listed = _listed(scores, features, champion, scoring=Scoring(control_share=0))
    assert len(listed) == 0
    assert list(listed) == [
        "rank",
        "customer_id",
        "churn_probability",
        "expected_profit",
        "expected_spend",
        "currency",
        "certainty",
        "reasons",
    ]


def test_the_service_draws_by_a_campaign_only_once_its_list_is_written():
    before = create_pipeline().to_nodes("state_campaign")
    assert {node.name for node in before.nodes} >= {"list_calls", "state_campaign"}

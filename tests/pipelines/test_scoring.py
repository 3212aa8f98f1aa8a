"""Scores of the newest date come from the champion, the likeliest first."""

import datetime as dt

import ibis
import pandas as pd
import pytest

from churn_pipeline.pipelines.scoring.nodes import Scoring, score_customers
from tests.factories import tiny_artifact, tiny_columns

OLD, NEW = dt.date(2026, 1, 1), dt.date(2026, 2, 1)


@pytest.fixture(scope="module")
def champion():
    return tiny_artifact()


@pytest.fixture(scope="module")
def features():
    frame = pd.DataFrame(tiny_columns(300, seed=5)).assign(unused="x")
    frame["customer_id"] = [f"c{i:03}" for i in range(300)]
    frame["observation_date"] = [OLD] * 100 + [NEW] * 200
    return ibis.memtable(frame)


def test_the_newest_date_is_scored_as_by_the_artifact(features, champion):
    scores = score_customers(features, champion, Scoring())
    assert list(scores) == [
        "customer_id",
        "observation_date",
        "churn_probability",
        "decision",
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
    scores = score_customers(features, champion, Scoring(observation_date=OLD))
    assert len(scores) == 100


def test_a_date_without_customers_is_refused_with_those_there_are(features, champion):
    wrong = Scoring(observation_date=dt.date(2020, 1, 1))
    with pytest.raises(ValueError, match="dates there: 2026-01-01, 2026-02-01"):
        score_customers(features, champion, wrong)


def test_a_feature_that_is_not_made_any_more_is_named(features, champion):
    message = r"expected the 3 features .* missing are 1: plan; .* `kedro run`"
    with pytest.raises(ValueError, match=message):
        score_customers(features.drop("plan"), champion, Scoring())


def test_without_a_champion_it_says_what_to_run(features):
    with pytest.raises(ValueError, match=r"expected a champion .* run `kedro run`"):
        score_customers(features, None, Scoring())

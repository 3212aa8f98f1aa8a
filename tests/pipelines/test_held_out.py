"""Of rows that the champion was fit on, a list takes what models say that were not."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from churn_pipeline.pipelines.scoring.nodes import find_held_out_rows, score_customers
from churn_pipeline.pipelines.scoring.params import Scoring
from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.release.reigning import Reigning
from tests.factories import tiny_artifact, tiny_columns, tiny_refit

DATE = dt.date(2026, 2, 1)
NAMES = ["c000", "c001", "c002", "c003"]


@pytest.fixture(scope="module")
def reigning():
    measured = tiny_artifact()
    return Reigning(tiny_refit(measured), measured)


@pytest.fixture(scope="module")
def rows():
    """Two training rows, one test row, and one without a label."""
    frame = pd.DataFrame(tiny_columns(8)).iloc[:4]
    return frame.assign(
        customer_id=NAMES,
        observation_date=pd.Timestamp(DATE),
        split=["train", "train", "test", "not_mature"],
        label=[0.0, 1.0, 0.0, np.nan],
    )


def _found(rows, reigning, date=DATE):
    told = rows[rows["split"] == "train"].assign(logistic=[0.25, 0.75])
    features = rows.drop(columns=["split", "label"]).assign(observation_date=DATE)
    return find_held_out_rows(
        ibis.memtable(features),
        champion=reigning.served,
        champion_as_measured=reigning,
        held_out_of_champion=told[
            ["customer_id", "observation_date", "label", "logistic"]
        ],
        model_input_of_champion=rows.assign(observation_date=pd.Timestamp(date)),
        scoring=Scoring(),
    )


def _scored(rows, held_out, champion):
    features = rows.drop(columns=["split", "label"]).assign(observation_date=DATE)
    nobody = ibis.memtable(pd.DataFrame({"customer_id": ["nobody"]}))
    scores = score_customers(
        ibis.memtable(features), nobody, held_out, champion, Scoring()
    )
    return scores.set_index("customer_id").loc[rows["customer_id"]]


def test_what_was_learnt_of_a_row_does_not_score_it(rows, reigning):
    held_out = _found(rows, reigning)
    scores = _scored(rows, held_out, reigning.served)
    test = reigning.measured.predict(rows.iloc[[2]])[0]
    unlearnt = reigning.served.predict(rows.iloc[[3]])[0]
    assert test != reigning.served.predict(rows.iloc[[2]])[0]
    assert scores["churn_probability"].tolist() == [0.25, 0.75, test, unlearnt]
    assert scores["held_out"].tolist() == [True, True, True, False]
    # A call pays from 0.4 on: who is called follows the probability that is told.
    assert scores["decision"].tolist()[:2] == ["no_call", "call"]
    assert scores["expected_profit"].tolist()[:2] == pytest.approx([-1.5, 3.5])


def test_a_customer_who_has_changed_since_is_another_row(rows, reigning):
    held_out = _found(rows, reigning)
    changed = rows.copy()
    changed.loc[changed.index[0], "tenure_months"] += 1.0
    scores = _scored(changed, held_out, reigning.served)
    assert scores["held_out"].tolist() == [False, True, True, False]
    expected = reigning.served.predict(changed.iloc[[0]])[0]
    assert scores["churn_probability"].iloc[0] == expected


def test_rows_of_other_dates_are_none_of_them(rows, reigning):
    assert len(_found(rows, reigning, date=dt.date(2026, 1, 1))) == 0


def test_a_measured_model_that_is_altered_is_told_where_it_is_needed(rows, reigning):
    broken = ArtifactError("weights are altered")
    told = {
        "champion": reigning.served,
        "champion_as_measured": broken,
        "held_out_of_champion": rows[["customer_id", "observation_date"]].assign(
            logistic=0.5
        ),
        "scoring": Scoring(),
    }
    features = ibis.memtable(rows.drop(columns=["split", "label"]))
    with pytest.raises(ArtifactError, match="altered"):
        find_held_out_rows(features, model_input_of_champion=rows, **told)
    trained = rows[rows["split"] == "train"]
    found = find_held_out_rows(features, model_input_of_champion=trained, **told)
    assert found["churn_probability"].tolist() == [0.5, 0.5]

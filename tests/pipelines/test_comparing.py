"""A retrained model is compared on all customers, each by a fit without it."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
import yaml

from churn_pipeline.features.folds import draw
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.monitoring.policy import RetrainPolicy
from churn_pipeline.pipelines.evaluation import rows as judged
from churn_pipeline.pipelines.evaluation.params import Evaluation
from churn_pipeline.pipelines.monitoring.nodes import Monitoring
from churn_pipeline.pipelines.retraining import comparing
from churn_pipeline.pipelines.retraining.comparing import (
    compare_again,
    score_all_customers,
)
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.release.reigning import Reigning
from tests.conftest import ROOT
from tests.factories import TINY_DECISION, TINY_FEATURES, tiny_artifact, tiny_columns
from tests.pipelines.training.inputs import DATASET

CHAMPION = tiny_artifact()  # its labels look at days until 2025-10-31
REIGNING = Reigning(CHAMPION, CHAMPION)
USABLE = {"state": "usable", "version": "1", "digest": CHAMPION.manifest.digest}
EVENTS = DATASET.model_copy(update={"shape": "events"})
DATES = [dt.date(2025, month, 1) for month in (9, 11, 12)]
SHARE, SEED = 0.25, 3
N = 400
FEATURE_SET = {"features": [f.model_dump() for f in TINY_FEATURES], "segments": []}
COMMON = {"decision": TINY_DECISION, "seed": SEED}


def _rows():
    """Rows of three dates, split by customer; the test's are the last two's."""
    parts = []
    for number, date in enumerate(DATES):
        columns = tiny_columns(N, seed=number)
        label = np.random.default_rng(number).random(N) < CHAMPION.predict(columns)
        parts.append(
            pd.DataFrame(columns).assign(
                customer_id=[f"c{i}" for i in range(N)],
                observation_date=date,
                label=label.astype(float),
            )
        )
    rows = pd.concat(parts, ignore_index=True)
    apart = draw(rows["customer_id"], SEED) < SHARE
    tests = apart & (rows["observation_date"] >= DATES[1])
    split = np.where(tests, "test", np.where(apart, "gap", "train"))
    return rows.assign(split=split)


ROWS = _rows()
TESTED = judged.held_out(ROWS)
SCORED = TESTED[["customer_id", "observation_date", "label"]].assign(
    **{
        judged.PROBABILITY: 0.5,
        judged.THRESHOLD: 0.4,
        judged.VALUE: 10.0,
        **judged.by_champion(TESTED, CHAMPION),
    }
)


def _compared(rows=ROWS, **changes):
    return score_all_customers(
        **{
            "model_input": rows,
            "feature_set": FEATURE_SET,
            "scored_test_rows": SCORED,
            "champion_on_test": USABLE,
            "artifact": CHAMPION,
            "net_settings": dataclasses.asdict(Training().net),
            "reigning_champion": REIGNING,
            "dataset": EVENTS,
            "feature_engineering": FeatureEngineering(),
            "training": Training(threads=1),
            "monitoring": Monitoring(retrain=RetrainPolicy(held_customers=SHARE)),
            **COMMON,
            **changes,
        }
    )


@pytest.fixture(scope="module")
def compared():
    """The rows that both are compared on."""
    return _compared()


def test_every_customer_of_the_test_dates_is_compared_once(compared):
    keys = compared[["customer_id", "observation_date"]]
    assert not keys.duplicated().any()
    assert len(compared) == 2 * N
    assert set(compared["observation_date"]) == set(DATES[1:])


def test_the_rows_of_the_test_stay_as_they_were_scored(compared):
    same = compared.iloc[: len(SCORED)][SCORED.columns]
    pd.testing.assert_frame_equal(same, SCORED)


def test_the_champion_answers_for_all_of_them(compared):
    asked = compared.merge(
        ROWS[ROWS["observation_date"] >= DATES[1]],
        on=["customer_id", "observation_date"],
        how="left",
    )
    assert compared[judged.CHAMPION].to_numpy() == pytest.approx(
        CHAMPION.predict(judged.columns(asked, CHAMPION))
    )


def test_no_model_answers_for_a_customer_that_it_was_fit_on(monkeypatch):
    fit_on, asked = [], []
    whole, score = comparing._Procedure.fit, comparing._Procedure.score

    def fit(self, rows):
        fit_on.append(set(rows["customer_id"]))
        return whole(self, rows)

    def scored(self, rows, artifact):
        asked.append(set(rows["customer_id"]))
        return score(self, rows, artifact)

    monkeypatch.setattr(comparing._Procedure, "fit", fit)
    monkeypatch.setattr(comparing._Procedure, "score", scored)
    _compared()
    assert len(fit_on) == len(asked) == 3
    assert all(not known & told for known, told in zip(fit_on, asked, strict=True))
    everybody = set(ROWS["customer_id"])
    assert all(known | told == everybody for known, told in zip(fit_on, asked))
    assert not set.intersection(*asked)


@pytest.mark.parametrize(
    "changes",
    [
        {
            "champion_on_test": {"state": "none", "digest": ""},
            "reigning_champion": None,
        },
        {"dataset": DATASET},
        {"monitoring": Monitoring(retrain=RetrainPolicy(held_customers=None))},
    ],
    ids=["no champion", "a snapshot", "compared on a date"],
)
def test_where_customers_are_not_kept_apart_the_test_rows_compare(changes):
    assert _compared(**changes) is SCORED


def test_a_champion_that_may_have_learnt_from_the_others_is_asked_for_none_of_them():
    seen = ROWS.assign(observation_date=DATES[0])
    assert _compared(seen) is SCORED


def _decision(kind):
    reason = {"kind": kind, "action": "retrain", "text": "so"}
    return {
        "date": "2026-02-01",
        "champion": "1",
        "newest": "2026-01-01T00:00:00+00:00",
        "action": "retrain",
        "reasons": [reason],
    }


def _judged(compared, decided):
    text = (ROOT / "conf/base/parameters_evaluation.yml").read_text("utf-8")
    written = Evaluation.model_validate(yaml.safe_load(text)["evaluation"])
    return compare_again(
        scored_test_rows=SCORED,
        compared_rows=compared,
        champion_on_test=USABLE,
        last_retraining_decision=decided,
        feature_set=FEATURE_SET,
        evaluation=written.model_copy(update={"resamples": 200}),
        **COMMON,
    )


def test_a_champion_that_was_found_to_have_changed_is_defended_less(compared):
    as_ever = _judged(compared, _decision("new_data"))
    changed = _judged(compared, _decision("drift"))
    assert (as_ever["confidence"], changed["confidence"]) == (0.95, 0.8)
    wide, narrow = (found["differences"]["log_loss"] for found in (as_ever, changed))
    assert wide["improvement"] == narrow["improvement"]
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]
    assert _judged(compared, None)["confidence"] == 0.95


def test_the_card_shows_what_the_champion_reaches_on_the_test_rows(compared):
    found = _judged(compared, None)
    alone = _judged(SCORED, None)
    assert found["theirs"] == alone["theirs"]
    assert (found["n_rows"], alone["n_rows"]) == (2 * N, len(SCORED))

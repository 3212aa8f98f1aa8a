"""A recalibration is released where newer labels show that it is better."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import yaml

from churn_pipeline.models.calibration import sigmoid, to_logit
from churn_pipeline.pipelines import recalibration
from churn_pipeline.pipelines.evaluation.params import Evaluation
from churn_pipeline.pipelines.recalibration.fit import is_newer, matured_since
from churn_pipeline.pipelines.recalibration.nodes import (
    recalibrate,
    try_calibration,
)
from churn_pipeline.pipelines.release.nodes import ReleaseParams
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.release.reigning import Reigning, check_measured
from churn_pipeline.release.semantic import Level, compare
from tests.conftest import ROOT
from tests.factories import (
    TINY_DATASET,
    TINY_DECISION,
    tiny_artifact,
    tiny_columns,
    tiny_facts,
)
from tests.pipelines.in_memory import run_in_memory

CHAMPION = tiny_artifact()  # fit on rows until 2025-09-01
LAST = CHAMPION.manifest.fitted.facts.last
N = 1500


def _rows(date, *, more, seed):
    """Rows of a date at which the log-odds of leaving are higher by `more`."""
    columns = tiny_columns(N, seed)
    chance = sigmoid(to_logit(CHAMPION.predict(columns)) + more)
    label = np.random.default_rng(seed).random(N) < chance
    return pd.DataFrame(
        {
            "customer_id": [f"{seed}-{i}" for i in range(N)],
            "observation_date": date.isoformat(),
            "label": label.astype(float),
            **columns,
        }
    )


KNOWN = _rows(LAST, more=0.0, seed=1)


def _run(newer):
    text = (ROOT / "conf/base/parameters_evaluation.yml").read_text("utf-8")
    evaluation = Evaluation.model_validate(yaml.safe_load(text)["evaluation"])
    return run_in_memory(
        recalibration.create_pipeline(),
        {
            "model_input": pd.concat([KNOWN, newer], ignore_index=True),
            "model_input_of_champion": KNOWN,
            "reigning_champion": Reigning(CHAMPION, CHAMPION),
            "last_retraining_decision": None,
            "net_settings_of_champion": {"dropout": 0.2},
            "feature_set": {"features": [], "segments": [], "sensitive": ["plan"]},
            "dependency_audit": None,
            "params:dataset": TINY_DATASET,
            "params:training": Training(),
            "params:decision": TINY_DECISION,
            "params:evaluation": evaluation.model_copy(update={"resamples": 100}),
            "params:release": ReleaseParams(policy="auto", refit_margin=0.0),
            "params:seed": 1,
        },
    )


def _newer(more):
    return _rows(LAST + dt.timedelta(days=30), more=more, seed=2)


@pytest.fixture(scope="module")
def moved():
    """What comes of it where many more leave than before."""
    return _run(_newer(1.0))


def test_a_calibration_that_newer_labels_show_to_be_better_is_proposed(moved):
    proposed = moved["champion"]
    assert proposed.approved, proposed.reasons
    assert proposed.compared_with == CHAMPION.manifest.version
    rows = _newer(1.0)
    before, after = (a.predict(rows) for a in (CHAMPION, proposed.artifact))
    assert before.mean() < rows["label"].mean() - 0.1
    assert after.mean() == pytest.approx(rows["label"].mean(), abs=0.01)


def test_it_is_reviewed_as_every_release_is(moved):
    found = {f.name: f.outcome for f in moved["champion"].review.findings}
    assert found["bias: plan"] == "passed"
    assert found["security: no pickle"] == "passed"
    assert found["compliance: model card"] == "not applicable"


def test_the_ranking_is_the_champions(moved):
    rows = _newer(1.0)
    before, after = (a.predict(rows) for a in (CHAMPION, moved["recalibrated"]))
    assert (np.diff(after[np.argsort(before)]) >= 0).all()


def test_it_is_a_patch_with_the_figures_and_the_rows_that_it_has_seen(moved):
    made, old = moved["recalibrated"].manifest, CHAMPION.manifest
    assert compare(old, made) == (Level.PATCH, "the same recipe on new data")
    assert made.metrics == old.metrics
    assert made.fitted.facts.rows == 2 * N
    assert made.fitted.facts.last == LAST + dt.timedelta(days=30)
    ahead = made.fitted.labels_until - made.fitted.facts.last
    assert ahead == old.fitted.labels_until - LAST
    check_measured(moved["recalibrated"], moved["champion"].measured)


def test_it_tells_what_its_order_of_the_customers_was_learnt_from(moved):
    ranking = moved["recalibrated"].manifest.fitted.of_ranking
    old = CHAMPION.manifest
    assert (ranking.facts, ranking.labels_until) == (
        old.fitted.facts,
        old.fitted.labels_until,
    )
    assert ranking.version == old.version


def test_a_calibration_of_a_calibration_is_learnt_from_the_same_dates_anew():
    dates = [LAST + dt.timedelta(days=30 * n) for n in range(1, 5)]
    parts = [_rows(date, more=1.0, seed=n) for n, date in enumerate(dates, start=2)]
    first = matured_since(pd.concat([KNOWN, *parts[:3]]), CHAMPION)
    fitted = CHAMPION.manifest.fitted
    newer = fitted.model_copy(
        update={"facts": tiny_facts(9, dates[2]), "before": fitted}
    )
    again = matured_since(pd.concat([KNOWN, *parts]), CHAMPION.restated(fitted=newer))
    told = [sorted(set(found.rows["observation_date"])) for found in (first, again)]
    days = [date.isoformat() for date in dates]
    assert told == [days[:3], days[1:]]
    unseen = is_newer(again.rows, CHAMPION.restated(fitted=newer))
    assert set(again.rows.loc[unseen, "observation_date"]) == {days[3]}


def _tried(newer):
    text = (ROOT / "conf/base/parameters_evaluation.yml").read_text("utf-8")
    evaluation = Evaluation.model_validate(yaml.safe_load(text)["evaluation"])
    return try_calibration(
        pd.concat([KNOWN, newer], ignore_index=True),
        CHAMPION,
        training=Training(),
        decision=TINY_DECISION,
        evaluation=evaluation.model_copy(update={"resamples": 100}),
        seed=1,
    )


def test_what_is_tried_before_one_is_asked_for_says_what_the_gate_says(moved):
    tried = _tried(_newer(1.0))
    assert tried["approved"]
    assert tuple(tried["reasons"]) == moved["champion"].reasons
    assert not _tried(_newer(0.0))["approved"]


def test_where_nothing_can_be_tried_nothing_is_better():
    unknown = _tried(_newer(0.0).assign(label=np.nan))
    assert (unknown["approved"], unknown["checks"]) == (False, [])
    assert "until when" in unknown["reasons"][0]
    few = _tried(_newer(0.0).iloc[:3])
    assert not few["approved"]


def test_what_is_looked_up_of_a_champion_is_there_for_the_new_version(moved):
    assert moved["net_settings"] == {"dropout": 0.2}
    found = moved["held_out_predictions"]
    assert list(found) == ["customer_id", "observation_date", "label", "logistic"]
    assert len(found) == N


def test_where_nothing_moved_the_gate_keeps_the_champion():
    proposed = _run(_newer(0.0))["champion"]
    assert not proposed.approved
    assert "expected the log loss to be surely better" in proposed.reasons[0]


def test_without_a_newer_label_it_ends_with_what_to_do():
    unknown = _newer(0.0).assign(label=None)
    with pytest.raises(ValueError, match="newer than 2025-09-01, until when"):
        _run(unknown)


def test_without_a_champion_it_ends_with_what_to_do():
    with pytest.raises(ValueError, match="train one: `kedro run`"):
        recalibrate(
            KNOWN,
            KNOWN,
            feature_set={"sensitive": []},
            reigning_champion=None,
            last_retraining_decision=None,
            training=Training(),
            decision=TINY_DECISION,
            seed=1,
        )

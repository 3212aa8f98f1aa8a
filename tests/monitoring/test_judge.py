"""The verdict ranks by cost, counts windows, and says what it cannot see."""

import datetime as dt

import numpy as np
import pytest

from churn_pipeline.monitoring.drift import DriftRule, Sample
from churn_pipeline.monitoring.judge import Model, Windows, judge
from churn_pipeline.monitoring.target import TargetVerdict
from churn_pipeline.monitoring.window_rule import WindowRule
from tests.factories import TINY_DECISION

RULE = DriftRule(domain_rows=300)
FIRST, LATER = np.datetime64("2024-01-01"), dt.date(2024, 9, 1)
NAMES = ("idle", "strong", "weak")


def _predict(columns):
    return np.clip(0.2 + 0.1 * columns["strong"] + 0.02 * columns["weak"], 0, 1)


MODEL = Model(
    "v1",
    _predict,
    TINY_DECISION,
    topics={"both": ("strong", "weak"), "idle": ("idle",)},
    importance={"both": 3.0, "idle": 1.0},
)


def _sample(shift, date=FIRST, seed=0):
    rng = np.random.default_rng(seed)
    columns = {name: rng.normal(shift, 1, 500) for name in NAMES}
    columns["churn_probability"] = _predict(columns)
    return Sample(columns, np.full(500, date, "datetime64[D]"))


def _judged(shift, date=LATER, **given):
    kinds = dict.fromkeys(NAMES, "number")
    return judge(
        _sample(0.0),
        _sample(shift, date, seed=1),
        kinds,
        model=MODEL,
        rule=RULE,
        seed=0,
        **given,
    )


def test_drifted_columns_are_ranked_by_what_they_cost():
    verdict = _judged(2.0)
    assert verdict.verdict == "drift"
    assert verdict.drifted == ("strong", "weak", "idle")
    found = {column.name: column for column in verdict.columns}
    assert found["strong"].cost > found["weak"].cost > found["idle"].cost == 0.0
    assert found["idle"].impact == 0.0
    assert found["weak"].weighted == pytest.approx(0.75 * found["weak"].effect)
    assert verdict.share_drifted == 1.0
    assert verdict.prediction.drifted
    assert verdict.multivariate.drifted
    assert verdict.current_date == LATER


def test_columns_of_one_topic_are_one_cause():
    verdict = _judged(2.0)
    assert [cause.name for cause in verdict.causes] == ["both", "idle"]
    assert set(verdict.causes[0].columns) == {"strong", "weak"}
    assert verdict.cost == verdict.causes[0].cost > 0


def test_the_same_customers_are_quiet_and_nothing_is_priced():
    verdict = _judged(0.0)
    assert (verdict.verdict, verdict.drifted, verdict.causes) == ("quiet", (), ())
    assert verdict.cost == 0.0
    assert verdict.alarm_in_words == ""


def test_one_window_is_no_alarm_and_the_second_confirms_it():
    first = _judged(2.0, dt.date(2024, 8, 1))
    assert not first.confirmed
    assert "1 has been watched" in first.alarm_in_words
    windows = Windows((first.watch(),), WindowRule(n=2, m=3))
    second = _judged(2.0, windows=windows)
    assert second.confirmed
    assert all(column.confirmed for column in second.columns)
    assert second.window_dates == (dt.date(2024, 8, 1), LATER)


def test_a_drift_that_is_over_is_no_alarm():
    first = _judged(2.0, dt.date(2024, 8, 1))
    assert not _judged(0.0, windows=Windows((first.watch(),))).confirmed


def test_watching_a_window_again_does_not_confirm_it():
    first = _judged(2.0)
    assert not _judged(2.0, windows=Windows((first.watch(),))).confirmed


def test_concept_drift_is_named_as_not_to_be_seen_until_labels_mature():
    assert "no newer label has matured" in _judged(0.0).unseen[0]
    target = TargetVerdict(
        rate=0.2, low=0.1, high=0.3, date=dt.date(2024, 6, 1), rows=100, reference=0.2,
        ordinary=0.01, limit=0.04, p_value=1.0, drifted=False,
    )  # fmt: skip
    assert "after 2024-06-01" in _judged(0.0, target=target).unseen[0]


def test_a_churn_rate_that_drifted_is_a_drift_though_no_column_moved():
    target = TargetVerdict(
        rate=0.4, low=0.3, high=0.5, date=dt.date(2024, 6, 1), rows=900, reference=0.2,
        ordinary=0.01, limit=0.04, p_value=1e-9, drifted=True,
    )  # fmt: skip
    verdict = _judged(0.0, target=target)
    assert verdict.verdict == "drift"
    assert verdict.others_drifted == ("churn rate",)


def test_a_verdict_survives_json_and_its_watch_tells_every_column():
    verdict = _judged(2.0)
    assert type(verdict).model_validate_json(verdict.model_dump_json()) == verdict
    watch = verdict.watch()
    assert set(watch.columns) == set(NAMES)
    assert {"churn_probability", "columns together"} <= set(watch.others)
    costs = {column.name: column.cost for column in verdict.columns}
    assert {name: moved.cost for name, moved in watch.columns.items()} == costs

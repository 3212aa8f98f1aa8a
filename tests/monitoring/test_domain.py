"""A classifier tells what no column alone does, and is not fooled by the calendar."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from churn_pipeline.monitoring.domain import area, domain_drift, null_error, p_among
from churn_pipeline.monitoring.drift import DriftRule, Sample, compare

RULE = DriftRule(domain_rows=600, domain_dates=4)
MONTHS = np.arange("2024-01", "2024-07", dtype="datetime64[M]").astype("datetime64[D]")
KINDS = {"x": "number", "y": "number", "plan": "category"}


def _sample(rng, dates, rows, *, tie=0.0):
    """Customers; `tie` makes x and y go together, each alone stays what it was."""
    n = len(dates) * rows
    common = rng.normal(size=n)
    x, y = (np.sqrt(tie) * common + np.sqrt(1 - tie) * rng.normal(size=n) for _ in "xy")
    plan = rng.choice(np.array(["a", "b"], object), n)
    people = np.tile(np.arange(rows), len(dates))
    return Sample({"x": x, "y": y, "plan": plan}, np.repeat(dates, rows), people)


def _judged(seed=0, tie=0.0, **kwargs):
    rng = np.random.default_rng(seed)
    reference = _sample(rng, MONTHS, 800)
    current = _sample(rng, [np.datetime64("2024-09-01")], 800, tie=tie)
    return domain_drift(
        reference, current, KINDS, left_out=(), rule=RULE, seed=seed, **kwargs
    )


def test_columns_that_move_only_together_are_seen_and_named():
    found = _judged(tie=0.9)
    assert found.drifted
    assert found.auc > found.limit >= 0.6
    assert found.low < found.auc < found.high
    assert set(found.leans_on) == {"x", "y"}
    assert found.dates == 4


def test_what_only_moves_together_is_not_seen_column_by_column():
    rng = np.random.default_rng(0)
    reference = _sample(rng, MONTHS, 800)
    current = _sample(rng, [np.datetime64("2024-09-01")], 800, tie=0.9)
    assert not any(c.drifted for c in compare(reference, current, KINDS, rule=RULE))


def test_p_values_are_right_when_nothing_changed():
    p_values = np.array([_judged(seed).p_value for seed in range(20)])
    assert (p_values < 0.05).mean() <= 0.1
    assert p_values.min() > RULE.alpha_of_part


def test_customers_of_many_dates_count_once():
    """The same people with the same values on every date are no evidence of drift."""
    rng = np.random.default_rng(3)
    people = rng.normal(size=900)
    dates = np.repeat(MONTHS, 900)
    reference = Sample({"x": np.tile(people, 6)}, dates, np.tile(np.arange(900), 6))
    now = np.full(900, np.datetime64("2024-09-01"))
    current = Sample({"x": people}, now, np.arange(900))
    found = domain_drift(
        reference, current, {"x": "number"}, left_out=(), rule=RULE, seed=0
    )
    assert found.auc == pytest.approx(0.5, abs=0.06)
    assert not found.drifted


def test_dates_that_are_told_apart_anyway_raise_the_limit():
    rng = np.random.default_rng(1)
    month = np.arange(6).repeat(500)
    reference = Sample({"x": rng.normal(size=3000) + month}, MONTHS.repeat(500))
    current = Sample(
        {"x": rng.normal(size=500) + 5}, np.full(500, np.datetime64("2024-09-01"))
    )
    found = domain_drift(
        reference, current, {"x": "number"}, left_out=(), rule=RULE, seed=0
    )
    assert found.auc > 0.8
    assert found.limit > found.auc
    assert not found.drifted


def test_left_out_columns_are_not_looked_at():
    rng = np.random.default_rng(1)
    reference, later = rng.normal(size=600), rng.normal(9, 1, 600)
    samples = [
        Sample({"x": x, "y": rng.normal(size=600)}, np.full(600, date))
        for x, date in ((reference, MONTHS[0]), (later, MONTHS[5]))
    ]
    kinds = {"x": "number", "y": "number"}
    found = domain_drift(*samples, kinds, left_out=("x",), rule=RULE, seed=0)
    assert not found.drifted
    assert found.left_out == ("x",)
    assert domain_drift(*samples, kinds, left_out=(), rule=RULE, seed=0).drifted


def test_few_rows_tell_nothing():
    rng = np.random.default_rng(1)
    small = _sample(rng, [MONTHS[0]], 50)
    assert domain_drift(small, small, KINDS, left_out=(), rule=RULE, seed=0) is None


def test_area_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    y, score = rng.random(300) < 0.3, rng.integers(0, 9, 300).astype(float)
    assert area(y, score) == pytest.approx(roc_auc_score(y, score))


def test_null_error_is_the_spread_of_the_area_by_chance():
    rng = np.random.default_rng(1)
    y = np.arange(200) < 100
    areas = [area(y, rng.normal(size=200)) for _ in range(500)]
    assert null_error(100) == pytest.approx(np.std(areas), rel=0.1)


def test_p_among_is_uniform_when_the_value_is_one_of_them():
    rng = np.random.default_rng(1)
    draws = rng.normal(0.5, 0.1, (2000, 7))
    p_values = [p_among(d[0], d[1:], least=0.0) for d in draws]
    assert np.mean(np.array(p_values) < 0.1) == pytest.approx(0.1, abs=0.02)


def test_two_dates_do_not_say_what_is_ordinary():
    assert p_among(0.9, np.array([0.5, 0.5]), least=0.1) == 0.0

"""A column alarms where it moves further than chance and than it ordinarily does."""

import numpy as np

from churn_pipeline.monitoring.drift import DriftRule, Sample, compare, summary
from churn_pipeline.monitoring.judge import Model, judge
from tests.factories import COSTS

RULE = DriftRule()
MONTHS = np.arange("2024-01", "2024-07", dtype="datetime64[M]").astype("datetime64[D]")
LATER = np.datetime64("2024-09-01")


def test_growing_tenure_and_season_stay_quiet_and_a_shift_is_named():
    reference, current = _company(1000), _company(1000, later=8, shift=1.0)
    kinds = {
        "tenure": "number",
        "sales": "number",
        "month": "number",
        "plan": "category",
    }
    found = {c.name: c for c in compare(reference, current, kinds, rule=RULE)}
    assert found["tenure"].effect > RULE.number_threshold
    assert not found["tenure"].drifted
    assert found["sales"].drifted
    assert not found["plan"].drifted
    assert "month" not in found, "the date alone decides it"


def test_the_same_data_is_quiet_at_any_size():
    for rows in (30, 300, 3000):
        found = compare(
            _company(rows), _company(rows, later=8), {"sales": "number"}, rule=RULE
        )
        assert not found[0].drifted


def test_a_large_effect_in_few_rows_may_be_chance():
    dates = np.full(6, MONTHS[0])
    few = Sample({"x": np.arange(6.0)}, dates)
    other = Sample({"x": np.arange(6.0) + 2}, np.full(6, LATER))
    (column,) = compare(few, other, {"x": "number"}, rule=RULE)
    assert column.effect > column.limit
    assert not column.drifted


def test_a_constant_that_is_another_one_now_has_drifted():
    reference = {
        "country": np.full(600, "US", object),
        "flag": np.zeros(600),
        "month": np.arange(6.0).repeat(100),
    }
    current = {
        "country": np.full(100, "UK", object),
        "flag": np.ones(100),
        "month": np.full(100, 8.0),
    }
    found = compare(
        Sample(reference, MONTHS.repeat(100)),
        Sample(current, np.full(100, LATER)),
        {"country": "category", "flag": "number", "month": "number"},
        rule=RULE,
    )
    assert {c.name for c in found if c.drifted} == {"country", "flag"}
    assert "month" not in {c.name for c in found}


def test_a_column_that_ordinarily_moves_far_still_drifts_when_it_moves_further():
    rng = np.random.default_rng(0)
    values = rng.uniform(0, 1, 600) + 0.14 * np.arange(6).repeat(100)
    reference = Sample({"x": values}, MONTHS.repeat(100))
    current = Sample({"x": rng.uniform(9, 10, 100)}, np.full(100, LATER))
    (column,) = compare(reference, current, {"x": "number"}, rule=RULE)
    assert RULE.ordinary_factor * column.ordinary > 1
    assert column.limit == (1 + column.ordinary) / 2
    assert column.drifted


def test_a_column_that_no_drift_could_be_told_of_is_named_as_not_judged():
    rng = np.random.default_rng(0)
    counter = rng.uniform(0, 1, 600) + np.arange(6).repeat(100)
    probability = rng.uniform(0, 1, 600)
    reference = {"counter": counter, "churn_probability": probability}
    current = {"counter": counter[:100] + 8, "churn_probability": probability[:100]}
    verdict = judge(
        Sample(reference, MONTHS.repeat(100)),
        Sample(current, np.full(100, LATER)),
        {"counter": "number"},
        model=Model("v1", lambda columns: columns["churn_probability"], COSTS),
        rule=RULE,
        seed=0,
    )
    assert verdict.not_judged == ("counter",)
    assert (verdict.verdict, verdict.drifted) == ("quiet", ())


def test_summary_of_a_category_is_its_shares():
    texts = np.array(["a", "a", "b", None], object)
    expected = {"missing": 0.25, "share of a": 0.5, "share of b": 0.25}
    assert summary(texts, kind="category") == expected


def test_summary_of_a_number_ignores_missing_values():
    numbers = np.array([1.0, 2.0, 6.0, np.nan])
    expected = {"missing": 0.25, "mean": 3.0, "median": 2.0}
    assert summary(numbers, kind="number") == expected


def _company(rows, later=None, shift=0.0):
    """Customers of six months, or of one month `later` months after the first."""
    rng = np.random.default_rng(rows + (later or 0))
    months = np.arange(6) if later is None else np.array([later])
    dates = MONTHS if later is None else np.array([LATER])
    month = months.repeat(rows).astype(float)
    n = len(month)
    return Sample(
        {
            "tenure": rng.uniform(0, 24, n) + month,
            "sales": rng.normal(np.sin(month) * 0.1 + shift, 1, n),
            "month": month,
            "plan": rng.choice(np.array(["basic", "plus"], object), n),
        },
        dates.repeat(rows),
    )

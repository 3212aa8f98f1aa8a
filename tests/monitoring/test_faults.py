"""Missing, unknown and out of range values are told apart from a moved column."""

import numpy as np
import pytest

from churn_pipeline.monitoring.drift import DriftRule, Sample
from churn_pipeline.monitoring.faults import find_faults

RULE = DriftRule()
MONTHS = np.arange("2024-01", "2024-07", dtype="datetime64[M]").astype("datetime64[D]")
LATER = np.datetime64("2024-09-01")


def _found(before, now, kind):
    dates = np.repeat(MONTHS, len(before) // len(MONTHS))
    return find_faults(
        Sample({"a": before}, dates),
        Sample({"a": now}, np.full(len(now), LATER)),
        {"a": kind},
        rule=RULE,
    )


def _texts(*parts):
    return np.concatenate([np.full(n, level, object) for level, n in parts])


def _mixed(values):
    return np.random.default_rng(0).permutation(values)


def test_a_surge_of_missing_values_is_told_with_its_share():
    now = np.where(np.arange(500) % 5 == 0, np.nan, 1.0)
    (fault,) = _found(np.ones(3000), now, "number")
    assert (fault.kind, fault.share, fault.reference) == ("missing", 0.2, 0.0)
    assert fault.excess == 0.2
    assert fault.key == "missing:a"


def test_fewer_missing_values_are_no_fault():
    before = np.where(np.arange(3000) % 5 == 0, np.nan, 1.0)
    assert _found(before, np.ones(500), "number") == ()


def test_a_share_that_is_missing_by_turns_is_ordinary():
    month = np.arange(6).repeat(500)
    gone = np.random.default_rng(0).random(3000) < 0.1 + 0.06 * (month % 2)
    now = np.where(np.arange(500) % 5 == 0, np.nan, 1.0)
    assert _found(np.where(gone, np.nan, 1.0), now, "number") == ()


def test_new_categories_are_named_the_commonest_first():
    before = _mixed(_texts(("a", 2000), ("b", 1000)))
    now = _texts(("a", 450), ("d", 15), ("c", 30), (None, 5))
    (fault,) = _found(before, now, "category")
    assert (fault.kind, fault.seen) == ("new category", ("c", "d"))
    assert fault.share == pytest.approx(0.09)


def test_a_rare_newcomer_among_many_levels_is_ordinary():
    rng = np.random.default_rng(0)
    levels = np.array([f"area {i}" for i in range(900)], object)
    before, now = rng.choice(levels[:890], 3000), rng.choice(levels, 500)
    assert _found(before, now, "category") == ()


def test_numbers_beyond_the_known_range_are_told_with_their_ends():
    rng = np.random.default_rng(0)
    now = rng.uniform(0, 10, 500)
    now[:20] = 1000.0
    (fault,) = _found(rng.uniform(0, 10, 3000), now, "number")
    assert (fault.kind, fault.share, fault.seen) == ("out of range", 0.04, ("1,000",))


def test_a_number_that_grows_from_date_to_date_is_not_out_of_range():
    rng = np.random.default_rng(0)
    tenure = rng.uniform(0, 24, 3000) + np.arange(6).repeat(500)
    assert _found(tenure, rng.uniform(0, 24, 500) + 8, "number") == ()


def test_a_number_just_beyond_the_known_range_is_no_fault():
    before = _mixed(_texts((365.0, 1500), (730.0, 1500))).astype(float)
    assert _found(before, np.full(500, 731.0), "number") == ()


def test_a_column_that_was_all_missing_has_no_range():
    assert _found(np.full(600, np.nan), np.ones(100), "number") == ()


def test_nothing_is_found_where_nothing_changed():
    rng = np.random.default_rng(0)
    alarms = [
        _found(rng.lognormal(size=600), rng.lognormal(size=100), "number")
        for _ in range(200)
    ]
    assert alarms.count(()) == 200

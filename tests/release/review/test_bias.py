"""A group fails only where its whole interval lies beyond the limit."""

import pytest

from churn_pipeline.release.review.bias import check_bias
from churn_pipeline.release.review.limits import BiasLimits

LIMITS = BiasLimits(selection_rate=0.2, true_positive_rate=0.2, calibration=0.05)
GAPS = ("selection_rate_gap", "true_positive_rate_gap", "calibration_gap")


def _row(group, column="gender", *, small=False, rows=500, **gaps):
    told = {"column": column, "group": group, "n_rows": rows, "small": small}
    for gap in GAPS:
        at, low, high = gaps.get(gap, (0.0, -0.01, 0.01))
        told |= {gap: at, f"{gap}_low": low, f"{gap}_high": high}
    return told


def test_without_a_sensitive_column_it_does_not_apply():
    (found,) = check_bias([], LIMITS)
    assert (found.outcome, found.found) == (
        "not applicable",
        "no column is declared sensitive",
    )


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_group_wholly_beyond_a_limit_fails_either_way(gap, sign):
    ends = sorted([sign * 0.25, sign * 0.35])
    (found,) = check_bias([_row("f", **{gap: (sign * 0.3, *ends)}), _row("m")], LIMITS)
    assert (found.name, found.outcome) == ("bias: gender", "failed")
    assert found.found.startswith("f: ")
    assert "feature: false" in found.todo
    assert found.evidence[f"f: {gap}"] == sign * 0.3


def test_an_interval_that_reaches_the_limit_passes():
    row = _row("f", selection_rate_gap=(0.3, 0.19, 0.41))
    (found,) = check_bias([row, _row("m")], LIMITS)
    assert (found.outcome, found.todo) == ("passed", "")
    assert "called +0.300 (+0.190 to +0.410) of f" in found.found


def test_without_a_limit_it_is_told_and_not_judged():
    row = _row("f", selection_rate_gap=(0.9, 0.8, 0.95))
    (found,) = check_bias([row], BiasLimits(selection_rate=None))
    assert found.outcome == "passed"
    assert "+0.900" in found.found


def test_a_small_group_is_told_and_not_judged():
    small = _row("x", small=True, rows=12, calibration_gap=(0.5, 0.4, 0.6))
    (found,) = check_bias([_row("f"), small], LIMITS)
    assert found.outcome == "passed"
    assert found.found.endswith("too few rows to judge: x (12)")
    (found,) = check_bias([small], LIMITS)
    assert found.outcome == "not applicable"


def test_an_interval_that_is_not_defined_is_beyond_nothing():
    nan = float("nan")
    row = _row("f", true_positive_rate_gap=(nan, nan, nan))
    (found,) = check_bias([row], LIMITS)
    assert found.outcome == "passed"
    assert not any("true_positive" in name for name in found.evidence)


def test_each_column_has_a_check_of_its_own():
    found = check_bias([_row("f"), _row("m"), _row("old", "age")], LIMITS)
    assert [f.name for f in found] == ["bias: gender", "bias: age"]

"""The gate: what it asks for, and that whatever it cannot judge is a no."""

import math

import pytest

from churn_pipeline.release.expected import require_features
from churn_pipeline.release.gate import Gate, decide
from tests.factories import tiny_artifact

GATE = Gate(
    min_rows=200,
    min_churners=30,
    log_loss_margin=0.002,
    profit_margin=0.05,
    segment_margin=0.01,
    min_improvement=0.0005,
    required_checks=("range",),
)
METRICS = {"log_loss": 0.3, "roc_auc": 0.8, "profit": 4.0}
BEHAVIOUR = [{"name": "range", "passed": True, "message": "fine"}]


def _difference(improvement=0.01, low=0.005, high=0.015, theirs=0.31, **more):
    return {
        "improvement": improvement,
        "low": low,
        "high": high,
        "theirs": theirs,
        "mine": theirs - improvement,
        **more,
    }


def _comparison(state="usable", **change):
    return {
        "n_rows": 1000,
        "n_churners": 200,
        "champion": {"state": state, "version": "v1", "reason": "model.onnx is gone"},
        "differences": {
            "log_loss": _difference(),
            "profit": _difference(0.1, -0.1, 0.3, theirs=4.0),
        },
        "segments": [_difference(segment="plan", level="basic")],
        **change,
    }


def _decide(comparison, behaviour=BEHAVIOUR, metrics=METRICS, gate=GATE):
    return decide(comparison, behaviour, metrics, gate)


@pytest.mark.parametrize("state", ["none", "usable"])
def test_a_better_model_passes_with_its_reasons(state):
    verdict = _decide(_comparison(state))
    assert verdict.approved
    assert verdict.reasons


def _broken(verdict):
    assert not verdict.approved
    return [check.name for check in verdict.checks if not check.passed]


@pytest.mark.parametrize(
    ("change", "rule", "message"),
    [
        ({"n_rows": 199, "n_churners": 60}, "rows", "at least 200 rows .* got 199"),
        ({"n_churners": 29}, "churners", "at least 30 churners .* got 29"),
        ({"n_churners": 980}, "churners", "as many who stayed, got 20"),
    ],
)
def test_too_few_rows_are_a_no(change, rule, message):
    verdict = _decide(_comparison(**change))
    assert _broken(verdict) == [rule]
    assert_matches(verdict, message)


def assert_matches(verdict, message):
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(" | ".join(verdict.reasons))


@pytest.mark.parametrize(
    ("differences", "rule"),
    [
        ({"log_loss": _difference(0.001, -0.0021, 0.01)}, "log loss not worse"),
        ({"profit": _difference(0.0, -0.21, 0.2, theirs=4.0)}, "profit not worse"),
        ({"log_loss": _difference(0.0, 0.0, 0.0)}, "worth the change"),
        ({"log_loss": _difference(0.0004, 0.0, 0.001)}, "worth the change"),
    ],
)
def test_a_model_that_is_worse_or_no_better_than_the_champion_is_a_no(
    differences, rule
):
    comparison = _comparison()
    verdict = _decide(
        {**comparison, "differences": {**comparison["differences"], **differences}}
    )
    assert _broken(verdict) == [rule]
    assert_matches(verdict, "against v1: expected")


def test_a_segment_that_surely_got_worse_is_a_no():
    worse = _difference(-0.03, -0.05, -0.011, segment="plan", level="basic")
    verdict = _decide(_comparison(segments=[worse]))
    assert _broken(verdict) == ["segment plan: basic"]


def test_a_segment_that_perhaps_got_worse_passes():
    perhaps = _difference(-0.03, -0.07, 0.01, segment="plan", level="basic")
    assert _decide(_comparison(segments=[perhaps])).approved


def test_the_first_champion_must_beat_the_base_rate():
    comparison = _comparison("none", differences={"log_loss": _difference(low=-1e-6)})
    assert _broken(_decide(comparison)) == ["beats the base rate"]


def test_a_champion_that_cannot_be_used_is_a_no_with_the_reason():
    verdict = _decide(_comparison("unusable"))
    assert _broken(verdict) == ["champion"]
    assert_matches(verdict, r"cannot be used: model\.onnx is gone")


def test_a_champion_whose_features_are_gone_is_a_no_with_the_way_out():
    with pytest.raises(ValueError, match="missing are 1") as gone:
        require_features(tiny_artifact("v1").manifest, ["tenure_months", "plan"])
    comparison = _comparison(
        champion={"state": "unusable", "version": None, "reason": str(gone.value)}
    )
    verdict = _decide(comparison)
    assert _broken(verdict) == ["champion"]
    assert_matches(verdict, "missing are 1: monthly_charge; bring them back")
    assert_matches(verdict, "kedro churn promote VERSION --override --reason WHY")


@pytest.mark.parametrize("value", [math.nan, math.inf, None])
def test_a_metric_that_is_not_a_number_is_a_no(value):
    verdict = _decide(_comparison(), metrics={**METRICS, "roc_auc": value})
    assert _broken(verdict) == ["roc_auc is defined"]


@pytest.mark.parametrize("end", ["low", "improvement"])
def test_a_difference_that_is_not_a_number_is_a_no(end):
    comparison = _comparison()
    comparison["differences"]["log_loss"] = {**_difference(), end: math.nan}
    assert not _decide(comparison).approved


def test_a_segment_without_a_number_is_a_no():
    unknown = _difference(high=math.nan, segment="plan", level="basic")
    assert not _decide(_comparison(segments=[unknown])).approved


@pytest.mark.parametrize("behaviour", [[], [{**BEHAVIOUR[0], "passed": None}]])
def test_a_required_test_that_did_not_pass_is_a_no(behaviour):
    assert _broken(_decide(_comparison(), behaviour=behaviour)) == ["range"]


@pytest.mark.parametrize("lost", ["n_rows", "champion", "differences", "segments"])
def test_an_error_inside_of_the_gate_is_a_no_that_names_it(lost):
    comparison = _comparison()
    del comparison[lost]
    verdict = _decide(comparison)
    assert _broken(verdict) == ["gate"]
    assert_matches(verdict, f"could not judge: KeyError: '{lost}'")


def test_an_unknown_state_of_the_champion_is_a_no():
    assert not _decide(_comparison("new")).approved


@pytest.mark.parametrize("state", ["usable", "none"])
def test_the_verdict_names_the_champion_it_is_about(state):
    comparison = _comparison(state)
    assert _decide(comparison).compared_with == comparison["champion"]["version"]

"""The gate: what it asks for, and that whatever it cannot judge is a no."""

import math

import numpy as np
import pytest
import yaml

from churn_pipeline.evaluation.comparison import compare
from churn_pipeline.evaluation.metrics import Ranking
from churn_pipeline.release.expected import require_features
from churn_pipeline.release.gate import Gate, decide
from tests.conftest import ROOT
from tests.factories import tiny_artifact

_SHIPPED = yaml.safe_load(
    (ROOT / "conf/base/parameters_evaluation.yml").read_text("utf-8")
)["evaluation"]
GATE = Gate.model_validate(_SHIPPED["gate"])
METRICS = {"log_loss": 0.3, "roc_auc": 0.8, "profit": 4.0}
BEHAVIOUR = [
    {"name": name, "passed": True, "message": "fine"}
    for name in ("range", "missing_values", "churn_rate", "direction: age up")
]


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
            "calibration_square": _difference(0.0, -0.0016, 0.0016),
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
        ({"log_loss": _difference(0.0, 0.0, 0.0)}, "log loss better"),
        ({"log_loss": _difference(0.01, -0.0001, 0.02)}, "log loss better"),
        ({"log_loss": _difference(0.002, 0.0005, 0.004)}, "log loss better"),
        ({"profit": _difference(0.0, -0.21, 0.2, theirs=4.0)}, "profit not worse"),
        (
            {"calibration_square": _difference(0.0, -0.0026, 0.001)},
            "calibration not worse",
        ),
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


def test_a_segment_that_may_have_got_much_worse_is_a_no():
    worse = _difference(0.0, -0.051, 0.05, segment="plan", level="basic")
    verdict = _decide(_comparison(segments=[worse]))
    assert _broken(verdict) == ["segment plan: basic"]


def test_a_segment_that_got_a_little_worse_passes():
    little = _difference(-0.01, -0.05, 0.03, segment="plan", level="basic")
    assert _decide(_comparison(segments=[little])).approved


def _pair(seed, worse=0.15, rows=2000):
    """Return the comparison of two models that are as good as each other, or not."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-2, 1.5, rows)
    label = rng.random(rows) < 1 / (1 + np.exp(-logit))
    mine, theirs = (
        Ranking.of(
            label,
            1 / (1 + np.exp(-logit - rng.normal(0, spread, rows))),
            threshold=0.2,
            gain=np.where(label, 100.0, -20.0),
        )
        for spread in (0.15, worse)
    )
    found = compare(
        mine,
        theirs,
        np.arange(rows),
        metrics=("log_loss", "profit", "calibration_square"),
        resamples=100,
        confidence=_SHIPPED["confidence"],
        seed=seed,
    )
    differences = {name: vars(one) for name, one in found.items()}
    return _comparison(differences=differences, segments=[])


def test_a_twin_of_the_champion_hardly_ever_replaces_it():
    pairs = [_pair(seed) for seed in range(40)]
    better = [p["differences"]["log_loss"]["improvement"] > 0 for p in pairs]
    assert sum(better) >= 10, "chance makes many a twin look better"
    assert sum(_decide(pair).approved for pair in pairs) <= 3


def test_a_model_that_is_truly_better_replaces_the_champion():
    assert sum(_decide(_pair(seed, worse=1.0)).approved for seed in range(10)) >= 8


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


@pytest.mark.parametrize("metric", ["log_loss", "profit"])
def test_a_difference_that_is_not_a_number_is_a_no(metric):
    comparison = _comparison()
    comparison["differences"][metric]["low"] = math.nan
    assert not _decide(comparison).approved


@pytest.mark.parametrize("lost", [math.nan, None])
def test_a_calibration_that_is_not_known_is_a_no(lost):
    comparison = _comparison()
    comparison["differences"]["calibration_square"]["low"] = lost
    assert not _decide(comparison).approved


def test_a_segment_without_a_number_is_a_no():
    unknown = _difference(low=math.nan, segment="plan", level="basic")
    assert not _decide(_comparison(segments=[unknown])).approved


@pytest.mark.parametrize("name", [check["name"] for check in BEHAVIOUR])
@pytest.mark.parametrize("outcome", [False, None])
def test_a_required_test_that_did_not_pass_is_a_no(name, outcome):
    found = [
        {**check, "passed": outcome} if check["name"] == name else check
        for check in BEHAVIOUR
    ]
    assert _broken(_decide(_comparison(), behaviour=found)) == [name]


def test_a_required_test_that_was_not_run_is_a_no():
    assert _broken(_decide(_comparison(), behaviour=BEHAVIOUR[1:])) == ["range"]


def test_a_data_set_may_declare_no_direction():
    assert _decide(_comparison(), behaviour=BEHAVIOUR[:-1]).approved


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

"""The results: the right customers, in the right arm, once."""

import numpy as np
import pytest

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.serving.journal.feedback import Outcome as Matched
from churn_pipeline.serving.rollout.outcomes import Outcome, of_journal
from churn_pipeline.serving.rollout.results import results, retained
from churn_pipeline.serving.rollout.spec import RolloutState, Share

DAY = 86_400 * 10**9
START = 1_767_225_600 * 10**9  # 2026-01-01
STATE = RolloutState(
    challenger="v2",
    percentage=50,
    planned=2_000,
    shares=(Share(time="2026-01-01T00:00:00+00:00", percentage=50),),
)
COSTS = Decision(100, 1, 10, 0.5, 1.0)


def _row(variant, probability, label, *, customer="", time=START, version=None):
    named = version or {"challenger": "v2", "shadow": "v3"}.get(variant, "v1")
    return Outcome(variant, named, probability, label, np.nan, time, customer)


def _arm(variant, n, *, sharp, seed, prefix=""):
    """Return customers of whom the model knows the more, the larger `sharp` is."""
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0.05, 0.95, n)
    label = rng.random(n) < chance
    said = 0.5 + sharp * (chance - 0.5)
    return [
        _row(variant, p, int(y), customer=f"{prefix}{i}" if prefix else "")
        for i, (p, y) in enumerate(zip(said, label, strict=True))
    ]


def _metric(found, name):
    return next(m for m in found.metrics if m.metric == name)


def test_a_better_model_is_told_to_be_better():
    rows = _arm("champion", 1_500, sharp=0.2, seed=0)
    rows += _arm("challenger", 1_500, sharp=1.0, seed=1)
    found = results(rows, STATE, COSTS)
    assert found.verdict == "better"
    loss = _metric(found, "log_loss")
    assert loss.low <= loss.difference <= loss.high < 0
    assert loss.level == 0.025
    assert found.customers == {"champion": 1_500, "challenger": 1_500}


def test_a_worse_model_is_told_to_be_worse_or_to_do_harm():
    rows = _arm("champion", 3_000, sharp=1.0, seed=0)
    rows += _arm("challenger", 3_000, sharp=-0.5, seed=1)
    assert _metric(results(rows, STATE), "log_loss").verdict == "worse"
    assert results(rows, STATE).verdict == "harm"  # the Brier score is worse as well


def test_equal_models_are_not_told_apart():
    rows = _arm("champion", 1_500, sharp=1.0, seed=0)
    rows += _arm("challenger", 1_500, sharp=1.0, seed=1)
    assert results(rows, STATE, COSTS).verdict == "not_yet"


def test_a_challenger_that_was_stopped_did_harm():
    stopped = STATE.model_copy(update={"stopped": "errors"})
    assert results([], stopped).verdict == "harm"


def test_no_outcome_yet_is_an_answer():
    found = results([], RolloutState(), COSTS)
    assert (found.verdict, found.metrics[0].low) == ("not_yet", None)


def test_customers_outside_and_other_versions_do_not_count():
    rows = [
        _row("champion", 0.5, 0),
        _row("outside", 0.5, 0),
        _row("challenger", 0.5, 0),
        _row("challenger", 0.5, 0, version="v0"),
    ]
    assert results(rows, STATE).customers == {"champion": 1, "challenger": 1}


def test_a_customer_counts_once_in_the_arm_that_came_first():
    rows = [
        _row("challenger", 0.9, 1, customer="A", time=START + 2),
        _row("champion", 0.1, 0, customer="A", time=START + 1),
        _row("champion", 0.2, 0, customer="A", time=START + 3),
    ]
    found = results(rows, STATE)
    assert found.customers == {"champion": 1, "challenger": 0}
    assert _metric(found, "brier").champion == pytest.approx(0.01)


def test_answers_of_an_earlier_champion_are_left_out():
    rows = [
        _row("champion", 0.5, 0, version="v0"),
        _row("challenger", 0.5, 0),
        _row("champion", 0.5, 0, time=START + DAY),
        _row("challenger", 0.5, 0, time=START + DAY),
    ]
    found = results(rows, STATE)
    assert found.customers == {"champion": 1, "challenger": 1}
    assert found.since == "2026-01-01T00:00:00+00:00"


def test_a_share_that_rises_in_worse_times_is_no_harm():
    # Equal models that know nothing; more leave in the second period.
    shares = (*STATE.shares, Share(time="2026-02-01T00:00:00+00:00", percentage=90))
    state = STATE.model_copy(update={"shares": shares})
    rng = np.random.default_rng(2)
    rows = []
    for time, rate, sizes in (
        (START, 0.1, (3_000, 300)),
        (START + 40 * DAY, 0.4, (300, 3_000)),
    ):
        for variant, n in zip(("champion", "challenger"), sizes, strict=True):
            labels = rng.random(n) < rate
            rows += [_row(variant, 0.2, int(y), time=time) for y in labels]
    assert results(rows, state).verdict == "not_yet"
    assert results(rows, STATE).verdict == "harm"


def test_the_shadow_is_compared_on_the_same_customers():
    rows = _arm("champion", 500, sharp=0.2, seed=0, prefix="C")
    rows += _arm("shadow", 500, sharp=1.0, seed=0, prefix="C")
    rows += [_row("shadow", 0.5, 0, customer="nobody else")]
    state = STATE.model_copy(update={"shadow": "v3"})
    found = results(rows, state)
    assert [m.metric for m in found.shadow] == ["log_loss", "brier"]
    assert found.shadow[0].verdict == "better"


def test_what_a_customer_brings_by_hand():
    # Contacted and left, contacted and stayed, left alone and left, and stayed.
    found = retained(
        np.array([1.0, 0, 1, 0]),
        np.array([0.9, 0.9, 0.1, 0.1]),
        np.array([np.nan, 200, np.nan, np.nan]),
        COSTS,
    )
    assert found.tolist() == [-1, 189, 0, 100]


def test_of_the_journal_only_matured_labels_count():
    def row(churned, matured):
        told = ("r", 0, START, None, 0.3, "call", "v1", "champion", churned, START)
        return Matched(*told, matured)

    rows = [row(True, False), row(True, True), row(False, True), row(None, True)]
    found = list(of_journal(rows))
    assert [outcome.label for outcome in found] == [1, 0]
    assert found[0].customer == ""

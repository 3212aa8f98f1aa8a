"""The estimate holds what becomes true as often as it says."""

import numpy as np
import pytest

from churn_pipeline.models.calibration import sigmoid
from churn_pipeline.monitoring.cells import Cells
from churn_pipeline.monitoring.estimate import estimate
from churn_pipeline.monitoring.performance import realised
from churn_pipeline.monitoring.wander import Wander, learn_wander
from tests.factories import DECISION

SURE = Wander(np.array([1.0, 1.0, 0.0]), *np.zeros((3, 3, 3)), 0, dates=1, rows=10)


def _date(rng, n=2000, wander=0.0, concept=0.0):
    """Probabilities and labels of one date, whose log-odds are off by chance."""
    logit = rng.normal(-2, 1.5, n)
    true = logit + rng.normal(0, wander) + concept
    return sigmoid(logit), (rng.random(n) < sigmoid(true)).astype(float)


def _cells(p, y=None):
    called = p >= DECISION.break_even
    return Cells.of(p, called=called, value=np.full(p.size, 800.0), label=y)


def _held(months, *, wander, reference_dates, concept=0.0, seed=0):
    """Return how often the estimates held each metric of a new date."""
    rng = np.random.default_rng(seed)
    held = {}
    for at in range(months):
        dates = [_date(rng, wander=wander) for _ in range(reference_dates)]
        known = learn_wander(dates)
        p, y = _date(rng, wander=wander, concept=concept)
        told = estimate(_cells(p), known, DECISION, draws=100, seed=at)
        true = realised(_cells(p, y), DECISION, draws=20, coverage=0.95, seed=at)
        for name in ("roc_auc", "log_loss", "churn_rate", "profit"):
            held.setdefault(name, []).append(told[name].holds(true[name].value))
    return {name: np.mean(found) for name, found in held.items()}


def test_quiet_months_are_held_as_often_as_stated():
    held = _held(60, wander=0.0, reference_dates=8)
    # of 60 held with 0.95 each, fewer are once in a hundred tries
    assert min(held.values()) >= 0.85


def test_months_that_wander_as_the_reference_did_are_held_too():
    held = _held(60, wander=0.3, reference_dates=12)
    assert min(held.values()) >= 0.85


def test_a_concept_change_is_not_held_and_only_labels_show_it():
    held = _held(10, wander=0.0, reference_dates=8, concept=-1.0)
    assert held["churn_rate"] == 0
    assert held["profit"] == 0


def test_what_is_certain_has_no_interval_but_the_chance_of_labels():
    p = np.full(10_000, 0.2)
    told = estimate(_cells(p), SURE, DECISION, seed=0)["churn_rate"]
    assert told.value == pytest.approx(0.2)
    assert told.high - told.low == pytest.approx(4 * 0.004, rel=0.25)


def test_customers_of_different_worth_widen_the_profit_alone():
    p = np.full(4000, 0.5)
    same = Cells.of(p, called=p > 0, value=np.full(p.size, 800.0))
    mixed = Cells.of(p, called=p > 0, value=np.tile([0.0, 1600.0], 2000))
    one, two = (estimate(c, SURE, DECISION, seed=0) for c in (same, mixed))
    assert one["profit"].value == pytest.approx(two["profit"].value)
    width = [m["profit"].high - m["profit"].low for m in (one, two)]
    assert width[1] > 1.2 * width[0]
    assert one["churn_rate"] == two["churn_rate"]


def test_one_customer_alone_leaves_out_what_is_not_defined():
    told = estimate(_cells(np.array([0.0])), SURE, DECISION, seed=0)
    assert "roc_auc" not in told
    assert told["churn_rate"].value == pytest.approx(0.0, abs=1e-6)

"""How the calibration wanders is told from what chance explains."""

import numpy as np
import pytest

from churn_pipeline.models.calibration import sigmoid
from churn_pipeline.monitoring.wander import learn_wander


def _dates(shifts, n=6000, seed=0):
    """Dates on which the true log-odds are off by so much."""
    rng = np.random.default_rng(seed)
    found = []
    for shift in shifts:
        logit = rng.normal(-2, 1.5, n)
        found.append((sigmoid(logit), (rng.random(n) < sigmoid(logit + shift)) * 1.0))
    return found


def test_dates_that_differ_by_chance_alone_do_not_wander():
    wander = learn_wander(_dates([0.0] * 12))
    assert np.sqrt(wander.between[2, 2]) < 0.1
    assert wander.calibration.probability(np.array([-2.0]))[0] == pytest.approx(
        sigmoid(np.array([-2.0]))[0], abs=0.01
    )


def test_dates_that_differ_by_more_are_found_to():
    shifts = np.random.default_rng(1).normal(0, 0.5, 12)
    wander = learn_wander(_dates(shifts))
    drawn = wander.draw(2000, np.random.default_rng(2))
    spread = np.std([m.intercept for m in drawn])
    assert 0.3 < spread < 0.9
    assert wander.knows_between


def test_a_shift_of_all_dates_is_corrected():
    wander = learn_wander(_dates([0.4] * 6))
    now = wander.calibration.probability(np.array([-1.0]))[0]
    assert now == pytest.approx(sigmoid(np.array([-0.6]))[0], abs=0.02)


def test_one_date_tells_nothing_of_others():
    wander = learn_wander(_dates([0.0]))
    assert not wander.knows_between
    assert wander.between.sum() == 0
    assert wander.error[2, 2] > 0


def test_dates_of_one_class_are_left_out_and_none_at_all_is_refused():
    good, empty = _dates([0.0])[0], (np.array([0.1, 0.2]), np.zeros(2))
    assert learn_wander([good, empty]).dates == 1
    with pytest.raises(ValueError, match="both classes"):
        learn_wander([empty])

"""How the calibration wanders is told from what chance explains."""

import numpy as np
import pytest

from churn_pipeline.models.calibration import sigmoid
from churn_pipeline.monitoring.wander import alikeness, learn_wander


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


@pytest.mark.parametrize("overlap", [0.0, 0.5])
def test_the_spread_of_dates_that_share_labels_is_told_as_it_is(overlap):
    rng = np.random.default_rng(3)
    root = np.linalg.cholesky(alikeness(6, overlap))
    told = [
        learn_wander(
            _dates(0.5 * root @ rng.normal(size=6), n=4000, seed=at), overlap=overlap
        ).between[2, 2]
        for at in range(40)
    ]
    assert np.sqrt(np.mean(told)) == pytest.approx(0.5, abs=0.1)


def test_dates_that_share_labels_count_for_fewer_and_widen_what_is_drawn():
    dates = _dates([0.0] * 9, n=2000)
    apart, shared = learn_wander(dates), learn_wander(dates, overlap=0.5)
    assert apart.freedom == pytest.approx(8)
    assert 5 < shared.freedom < 7
    assert shared.error[2, 2] == pytest.approx(1.9 * apart.error[2, 2], rel=0.15)
    width = [
        np.std([m.intercept for m in known.draw(2000, np.random.default_rng(2))])
        for known in (apart, shared)
    ]
    assert width[1] > 1.1 * width[0]


def test_dates_that_happen_to_agree_do_not_prove_that_none_differs():
    wander = learn_wander(_dates([0.0] * 5, n=2000))
    drawn = wander.draw(4000, np.random.default_rng(2))
    of_centre = np.sqrt(wander.error[2, 2])
    assert np.std([m.intercept for m in drawn]) > 1.2 * of_centre


def test_an_overlap_of_all_days_is_refused():
    with pytest.raises(ValueError, match=r"overlap of 0 or more and below 1, got 1\.0"):
        learn_wander(_dates([0.0]), overlap=1.0)

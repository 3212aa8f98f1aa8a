"""The points behind the curves."""

import numpy as np
import pytest
from sklearn import metrics as sk

from churn_pipeline.evaluation.curves import calibration_bins, curves, thin


def _sample():
    rng = np.random.default_rng(4)
    p = np.round(rng.random(500), 2)
    return (rng.random(500) < p).astype(float), p


def test_the_curves_hold_the_areas():
    y, p = _sample()
    found = curves(y, p)
    area = np.trapezoid(found.recall, found.false_positive_rate)
    assert area == pytest.approx(sk.roc_auc_score(y, p))
    steps = np.diff(found.recall) * found.precision[1:]
    assert steps.sum() == pytest.approx(sk.average_precision_score(y, p))


def test_the_curves_run_from_nobody_to_everybody():
    found = curves([1, 0, 0, 1], [0.9, 0.1, 0.4, 0.4])
    assert found.share.tolist() == [0, 0.25, 0.75, 1]
    assert found.recall.tolist() == [0, 0.5, 1, 1]
    assert found.false_positive_rate.tolist() == [0, 0, 0.5, 1]
    assert found.precision.tolist() == pytest.approx([1, 1, 2 / 3, 0.5])


def test_calibration_bins_count_every_row_and_hold_the_observed_share():
    y, p = _sample()
    bins = calibration_bins(y, p)
    assert bins.count.sum() == 500
    assert np.dot(bins.observed, bins.count) == pytest.approx(y.sum())
    assert np.dot(bins.predicted, bins.count) == pytest.approx(p.sum())
    assert (np.diff(bins.predicted) > 0).all()
    assert ((bins.low <= bins.observed) & (bins.observed <= bins.high)).all()


def test_thinning_keeps_both_ends():
    kept = thin(20_000, 400)
    assert (len(kept), kept[0], kept[-1]) == (400, 0, 19_999)

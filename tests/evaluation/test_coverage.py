"""Coverage is counted by label, with a binomial interval."""

import numpy as np
import pytest
from scipy.stats import binomtest

from churn_pipeline.evaluation.coverage import measure_coverage
from churn_pipeline.models.conformal import Conformal

SETS = Conformal(0.75, leaves_from=0.3, stays_to=0.6, n_churners=99, n_stayers=99)


def test_coverage_is_the_share_of_each_label_not_said_to_do_the_other():
    y = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    p = np.array([0.9, 0.4, 0.7, 0.1, 0.9, 0.2])
    found = measure_coverage(y, p, SETS, confidence=0.95)
    assert found["coverage"] == 0.75
    assert found["coverage_of_churners"] == 0.75
    assert found["coverage_of_stayers"] == 0.5
    assert (found["said_leaves"], found["said_stays"]) == (0.5, pytest.approx(1 / 3))
    assert found["said_not_sure"] == pytest.approx(1 / 6)
    exact = binomtest(3, 4).proportion_ci(0.95)
    ends = (found["coverage_of_churners_low"], found["coverage_of_churners_high"])
    assert ends == pytest.approx((exact.low, exact.high))


def test_without_churners_their_coverage_is_not_known():
    found = measure_coverage([0.0, 0.0], [0.1, 0.2], SETS, confidence=0.95)
    assert np.isnan(found["coverage_of_churners"])
    assert found["coverage_of_stayers"] == found["coverage_of_stayers_high"] == 1.0
    assert found["coverage_of_stayers_low"] == pytest.approx(0.1581, abs=1e-4)

"""Cells stand for their customers: metrics of them are those of the rows."""

import numpy as np
import pytest

from churn_pipeline.evaluation.metrics import point_metrics
from churn_pipeline.evaluation.profit import gains
from churn_pipeline.monitoring.cells import Cells, together
from churn_pipeline.monitoring.estimate import METRICS, measure_weighted
from tests.factories import DECISION


def _rows(n, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 5, n)
    return p, (rng.random(n) < p).astype(float), rng.gamma(2, 300, n)


def test_metrics_of_cells_are_those_of_the_rows():
    p, y, value = _rows(20_000)
    threshold = DECISION.threshold(value)
    cells = Cells.of(p, called=p >= threshold, value=value, label=y)
    found = measure_weighted(cells.ranking(DECISION), cells.rows[None])
    exact = point_metrics(y, p, threshold, gain=gains(y, DECISION, value))
    for name in METRICS:
        assert found[name][0] == pytest.approx(exact[name], abs=5e-5), name
    assert cells.rows.size < 20_000


def test_a_million_customers_take_no_more_cells_than_there_are_bins():
    p, _, _ = _rows(1_000_000)
    cells = Cells.of(p, called=p > 0.2, value=np.ones(p.size))
    assert cells.n == 1_000_000
    assert cells.rows.size <= 10_002


def test_a_label_that_is_not_known_is_no_stay():
    labels = [1.0, 0.0, np.nan]
    cells = Cells.of([0.1, 0.1, 0.1], called=[True] * 3, value=[1] * 3, label=labels)
    assert (cells.n, cells.known.n, cells.churners) == (3, 2, 1)


def test_without_labels_the_same_customers_are_left():
    p, y, value = _rows(5000)
    known = Cells.of(p, called=p > 0.2, value=value, label=y)
    never = Cells.of(p, called=p > 0.2, value=value)
    for name, column in vars(known.unlabelled).items():
        expected = vars(never)[name]
        assert column == pytest.approx(expected, rel=1e-6, nan_ok=True), name


def test_groups_are_put_together_and_split_again():
    one = Cells.of([0.1], called=[True], value=[5.0], label=[1.0])
    two = Cells.of([0.2, 0.2], called=[False] * 2, value=[1.0, 3.0], label=[0.0] * 2)
    both = together(one, two)
    assert both.n == 3
    assert both.where(both.label == 0).value.tolist() == [2.0]
    assert both.value_variance.tolist() == [0.0, 1.0]


def test_a_probability_that_is_none_is_named():
    with pytest.raises(ValueError, match=r"from 0 to 1, got 1 others, as 1\.5"):
        Cells.of([1.5], called=[True], value=[1.0])

"""The simulation of experiments: small runs say what the page's large ones say."""

from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.experiments import alarms, even, guard_alarms, needed, needed_by_shadow
from benchmarks.experiments_customers import CHAMPION, Model
from benchmarks.experiments_picture import draw


def test_the_sequential_test_keeps_its_level_where_peeking_does_not():
    ours, peeking = alarms("log loss", even(4_000), 100, 2_000)
    assert ours[-1] <= 0.05 + 0.065  # three standard errors
    assert peeking[-1] > 0.2
    assert (np.diff(ours) >= 0).all()


def test_a_better_challenger_is_told_and_sooner_as_a_shadow():
    found = needed("log loss", 0.9, 50, 10_000, 6_000)
    assert found.lift < -0.1
    assert found.at == tuple(sorted(found.at))
    assert needed_by_shadow(0.9, 50, 2_000, 750) < found.at[1] / 5


def test_the_simulated_models_are_calibrated():
    known = np.random.default_rng(0).standard_normal(50_000)
    few, many = Model.of(CHAMPION).of_noise(known), Model.of(0.9).of_noise(known)
    assert few.mean() == pytest.approx(many.mean(), abs=0.005)  # the share who leave
    assert few.std() < many.std()


def test_the_guard_stops_who_fails_and_leaves_who_does_not():
    assert np.isinf(guard_alarms(0.005, 1, 0.5, 50)).mean() > 0.9
    assert np.isfinite(guard_alarms(0.005, 10, 0.05, 50)).all()


def test_the_picture_is_whole(tmp_path):
    curves = np.linspace(0, 0.03, 500), np.linspace(0, 0.4, 500)
    draw(curves, 0.05, tmp_path / "x.svg")
    tree = ElementTree.parse(tmp_path / "x.svg")  # noqa: S314 - our own
    text = "".join(tree.getroot().itertext())
    assert "sequential" in text
    assert "40 %" in text

"""Sets cover each label as often as stated, whatever the model and the rows."""

import numpy as np
import pytest

from churn_pipeline.models.conformal import Conformal, fit_conformal


def test_the_limit_is_the_n_plus_one_quantile_of_each_label():
    p = np.concatenate([np.arange(1, 10) / 10, np.arange(1, 10) / 100])
    y = np.repeat([1.0, 0.0], 9)
    found = fit_conformal(p, y, coverage=0.8)
    # Of 9 the 8th strangest: churners from 0.2 on, stayers up to 0.08.
    assert found.leaves_from == pytest.approx(0.2, abs=2e-6)
    assert found.stays_to == pytest.approx(0.08, abs=2e-6)
    assert (found.n_churners, found.n_stayers) == (9, 9)
    assert fit_conformal(p, y, coverage=0.9).leaves_from == pytest.approx(0.1, abs=2e-6)


def test_with_too_few_rows_of_a_label_it_is_always_possible():
    found = fit_conformal(
        np.array([0.9] * 8 + [0.1] * 20), _labels(8, 20), coverage=0.9
    )
    assert found.leaves_from == 0.0
    assert set(found.certainty(np.array([0.0, 0.05, 0.5, 1.0]))) <= {
        "not_sure",
        "leaves",
    }
    nobody = fit_conformal(np.array([]), np.array([]), coverage=0.9)
    assert nobody.certainty(np.array([0.0, 1.0])).tolist() == ["not_sure", "not_sure"]


def test_a_model_of_one_answer_is_never_sure():
    found = fit_conformal(np.full(100, 0.3), _labels(50, 50), coverage=0.9)
    assert found.certainty(np.array([0.3])).tolist() == ["not_sure"]


def test_answers_that_differ_by_rounding_are_answered_alike():
    p = np.repeat([0.1, 0.3, 0.7], 40)
    found = fit_conformal(p, np.tile([0.0, 1.0], 60), coverage=0.6)
    rounded = p.astype(np.float32).astype(float)
    assert found.certainty(p).tolist() == found.certainty(rounded).tolist()


def test_a_gap_between_the_limits_is_not_sure():
    sharp = Conformal(0.5, leaves_from=0.8, stays_to=0.2, n_churners=9, n_stayers=9)
    said = sharp.certainty(np.array([0.1, 0.5, 0.9])).tolist()
    assert said == ["stays", "not_sure", "leaves"]


def test_a_monotone_map_changes_no_set():
    rng = np.random.default_rng(0)
    p, y = rng.random(200), (rng.random(200) < 0.4).astype(float)
    new = rng.random(500)
    plain = fit_conformal(p, y, coverage=0.9).certainty(new)
    mapped = fit_conformal(p**3, y, coverage=0.9).certainty(new**3)
    assert plain.tolist() == mapped.tolist()


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
@pytest.mark.parametrize(("n_churners", "n_stayers"), [(12, 90), (40, 40), (100, 300)])
@pytest.mark.parametrize("ties", [True, False])
def test_coverage_by_label_is_as_stated(coverage, n_churners, n_stayers, ties):
    """4,000 draws of held-out rows, one new row of either label for each."""
    rng = np.random.default_rng(7)
    draws = 4000

    def answers(churned, size):
        logit = rng.normal(0.4 if churned else -0.4, 1.0, size)
        chance = 1 / (1 + np.exp(-logit))
        return np.round(chance, 1) if ties else chance

    covered = np.zeros(2)
    for _ in range(draws):
        p = np.concatenate([answers(True, n_churners), answers(False, n_stayers)])
        found = fit_conformal(p, _labels(n_churners, n_stayers), coverage=coverage)
        new = np.concatenate([answers(True, 1), answers(False, 1)])
        covered += found.certainty(new) != ["stays", "leaves"]
    spread = 4 * np.sqrt(coverage * (1 - coverage) / draws)
    assert (covered / draws >= coverage - spread).all()
    if not ties:  # and sets are not larger than they must be
        most = coverage + 1 / (np.array([n_churners, n_stayers]) + 1)
        assert (covered / draws <= most + spread).all()


@pytest.mark.parametrize("coverage", [0.0, 1.0, -0.5, float("nan")])
def test_a_coverage_that_is_none_is_refused(coverage):
    with pytest.raises(ValueError, match="above 0 and below 1, got"):
        fit_conformal(np.array([0.5]), np.array([1.0]), coverage=coverage)


def _labels(n_churners, n_stayers):
    return np.repeat([1.0, 0.0], [n_churners, n_stayers])

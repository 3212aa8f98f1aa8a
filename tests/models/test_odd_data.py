"""On odd data a candidate is never worse than the base rate by more than noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from churn_pipeline.models.boosting import fit_boosting
from churn_pipeline.models.calibration import fit_calibration
from churn_pipeline.models.classifier import CrossFitted, Rows
from churn_pipeline.models.logistic import fit_logistic
from churn_pipeline.models.net_model import train_net
from churn_pipeline.models.settings import BoostingSettings, FitSettings, NetSettings
from churn_pipeline.models.vocabulary import Vocabulary

FIT = FitSettings(max_epochs=20, accelerator="cpu")
Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray, np.ndarray]]


def _label(rng: np.random.Generator, logit: np.ndarray) -> np.ndarray:
    return (rng.random(len(logit)) < 1 / (1 + np.exp(-logit))).astype(float)


def few_rows(rng):
    x = rng.normal(size=(300, 12))
    return x, np.zeros((300, 0), object), _label(rng, x[:, 0] - 1)


def few_churners(rng):
    x = rng.normal(size=(4000, 6))
    return x, np.zeros((4000, 0), object), _label(rng, x[:, 0] - 5)


def one_column(rng):
    x = rng.normal(size=(800, 1))
    return x, np.zeros((800, 0), object), _label(rng, x[:, 0])


def pure_noise(rng):
    x = rng.normal(size=(500, 30))
    return x, np.zeros((500, 0), object), _label(rng, np.full(500, -1.0))


def many_columns(rng):
    x = rng.normal(size=(500, 2000))
    return x, np.zeros((500, 0), object), _label(rng, x[:, 0] - 1)


def mostly_missing(rng):
    x = rng.normal(size=(1000, 8))
    label = _label(rng, x[:, 0] - 1)
    return np.where(rng.random(x.shape) < 0.9, np.nan, x), _texts(1000), label


def constant_columns(rng):
    x = np.column_stack([np.full(600, 3.0), np.full(600, np.nan)])
    return x, _texts(600), _label(rng, np.full(600, -1.0))


def many_values(rng):
    text = np.array([f"v{i}" for i in rng.integers(0, 50_000, 3000)], object)[:, None]
    x = rng.normal(size=(3000, 1))
    return x, text, _label(rng, x[:, 0] - 1)


def huge_numbers(rng):
    x = np.exp(rng.normal(size=(600, 3)) * 40)
    return x, np.zeros((600, 0), object), _label(rng, np.log(x[:, 0]) / 40)


def _texts(n_rows: int) -> np.ndarray:
    return np.full((n_rows, 1), "same", object)


DRAWS = (
    few_rows,
    few_churners,
    one_column,
    pure_noise,
    many_columns,
    mostly_missing,
    constant_columns,
    many_values,
    huge_numbers,
)


def rows_of(draw: Draw) -> tuple[Rows, tuple[int, ...]]:
    numbers, texts, label = draw(np.random.default_rng(5))
    vocabulary = Vocabulary.learn(texts, min_rows=10, max_levels=200)
    order = np.argsort(label, kind="stable")
    fold = np.empty(len(label), np.int64)
    fold[order] = np.arange(len(label)) % 5
    codes = vocabulary.codes(texts)
    with np.errstate(over="ignore"):
        return Rows(numbers.astype(np.float32), codes, label, fold), vocabulary.sizes


def fitted(family: str, rows: Rows, sizes: tuple[int, ...]) -> CrossFitted:
    if family == "logistic":
        return fit_logistic(rows, sizes, inverse_penalty=1.0)
    if family == "boosting":
        return fit_boosting(rows, sizes, settings=BoostingSettings(), seed=0)
    return train_net(
        rows,
        sizes,
        net=NetSettings(members=5),
        boosting=BoostingSettings(),
        fit=FIT,
        seed=0,
    )


def log_losses(label: np.ndarray, chance: np.ndarray) -> np.ndarray:
    return -np.log(np.where(label == 1, chance, 1 - chance))


@pytest.mark.parametrize("family", ["net", "boosting", "logistic"])
@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.__name__)
def test_no_worse_than_the_base_rate_by_more_than_noise(draw, family):
    rows, sizes = rows_of(draw)
    made = fitted(family, rows, sizes)
    calibration = fit_calibration(made.held_out, rows.label, prior_rows=200)
    chance = calibration.probability(made.held_out)
    worse = log_losses(rows.label, chance)
    worse -= log_losses(rows.label, np.full(len(rows), rows.label.mean()))
    noise = worse.std() / np.sqrt(len(rows))
    assert worse.mean() <= max(2 * noise, 0.005)
    assert np.isfinite(made.model.logit(rows.numbers, rows.codes)).all()

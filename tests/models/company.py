"""A made-up table with every oddity the models must take, and models fit on it."""

from __future__ import annotations

import numpy as np

from churn_pipeline.models.boosting import fit_boosting
from churn_pipeline.models.classifier import Model, Rows
from churn_pipeline.models.logistic import fit_logistic
from churn_pipeline.models.net_model import train_net
from churn_pipeline.models.settings import BoostingSettings, FitSettings, NetSettings
from churn_pipeline.models.table import Table
from churn_pipeline.models.vocabulary import Vocabulary

QUICK_FIT = FitSettings(max_epochs=4, patience=2, accelerator="cpu")
QUICK_TREES = BoostingSettings(max_trees=30)
SMALL_NET = NetSettings(members=3, width=16, bins=6, units=4)


def made_up(n_rows: int = 1200, seed: int = 0) -> tuple[Table, np.ndarray]:
    """Numbers with gaps, ties, huge values, a constant and an empty column; texts."""
    rng = np.random.default_rng(seed)
    use = rng.normal(0, 1, n_rows)
    numbers = np.column_stack(
        [
            use,
            np.where(rng.random(n_rows) < 0.3, np.nan, rng.gamma(2, 1e6, n_rows)),
            rng.integers(0, 3, n_rows),
            np.full(n_rows, 7.0),
            np.full(n_rows, np.nan),
        ]
    ).astype(np.float32)
    plan = rng.choice(["basic", "plus", "", "premium"], n_rows)
    town = rng.choice([f"town {i}" for i in range(40)], n_rows)
    chance = 1 / (1 + np.exp(1 - use - (plan == "basic") + 0.5 * numbers[:, 2]))
    label = (rng.random(n_rows) < chance).astype(float)
    texts = np.column_stack([plan, town, np.full(n_rows, "only")]).astype(object)
    return Table(numbers, texts), label


def learn(table: Table) -> Vocabulary:
    """Learn the vocabulary as the pipeline does."""
    return Vocabulary.learn(table.categories, min_rows=10, max_levels=200)


def encode(table: Table, label: np.ndarray, vocabulary: Vocabulary) -> Rows:
    """Encode rows under a vocabulary."""
    fold = np.arange(len(label)) % 4
    return Rows(table.numbers, vocabulary.codes(table.categories), label, fold)


def fit(family: str, training: Rows, n_codes: tuple) -> Model:
    """Fit a small model of a family."""
    if family == "logistic":
        return fit_logistic(training, n_codes, inverse_penalty=1.0).model
    if family == "boosting":
        return fit_boosting(training, n_codes, settings=QUICK_TREES, seed=0).model
    made = train_net(
        training,
        n_codes,
        net=SMALL_NET,
        boosting=QUICK_TREES,
        fit=QUICK_FIT,
        seed=0,
    )
    return made.model

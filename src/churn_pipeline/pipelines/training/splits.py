"""`model_input` as the models read it: arrays by split, under a learnt vocabulary."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.feature import Feature, FeatureSet
from churn_pipeline.features.folds import FEWEST
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.settings import VocabularySettings
from churn_pipeline.models.table import Table, read_table
from churn_pipeline.models.vocabulary import Vocabulary
from churn_pipeline.release.provenance import RowFacts, row_facts

SPLITS = ("train", "test")


@dataclass(frozen=True)
class Splits:
    """Labelled rows by split.

    Attributes:
        features: The features, in order.
        vocabulary: Levels learnt from the training rows.
        tables: Raw rows by split.
        labels: float64 by split: 1 churned, 0 stayed.
        fold: int64, (n_training_rows,): fold of each training row, from 0.
        trained: What is told of the training rows.
    """

    features: tuple[Feature, ...]
    vocabulary: Vocabulary
    tables: dict[str, Table]
    labels: dict[str, NDArray[np.float64]]
    fold: NDArray[np.int64]
    trained: RowFacts

    def rows(self, split: str) -> Rows:
        """Return a split as a model is fit on it."""
        table = self.tables[split]
        codes = self.vocabulary.codes(table.categories)
        fold = self.fold if split == "train" else np.full(len(table), -1)
        return Rows(table.numbers, codes, self.labels[split], fold)

    def without(self, split: str) -> Splits:
        """Return these without a split."""
        left = [name for name in self.tables if name != split]
        return replace(
            self,
            tables={name: self.tables[name] for name in left},
            labels={name: self.labels[name] for name in left},
        )

    def digest(self) -> str:
        """Return the sha256 of everything in here: the same rows, the same text."""
        found = hashlib.sha256(repr([f.name for f in self.features]).encode())
        for split in SPLITS:
            table = self.tables[split]
            found.update(np.ascontiguousarray(table.numbers).tobytes())
            found.update("\x1f".join(table.categories.ravel().tolist()).encode())
            found.update(self.labels[split].tobytes())
        found.update(np.ascontiguousarray(self.fold).tobytes())
        return found.hexdigest()


def read_splits(
    model_input: pd.DataFrame,
    feature_set: dict[str, object],
    vocabulary: VocabularySettings,
) -> Splits:
    """Return the labelled rows by split.

    Raises:
        ValueError: The training rows lack a label, or all rows of a class lie in one
            fold, so that there is none to fit on without it.
    """
    features = FeatureSet.model_validate(feature_set).features
    texts = [f.name for f in features if f.type == "category"]
    numbers = [f.name for f in features if f.type == "number"]
    tables, labels = {}, {}
    for split in SPLITS:
        part = model_input[model_input["split"] == split]
        tables[split] = read_table(part, numbers=numbers, categories=texts)
        labels[split] = part["label"].to_numpy(np.float64)
    trained = model_input[model_input["split"] == "train"]
    fold = trained["fold"].to_numpy(np.int64)
    _require_both_classes(labels["train"], fold)
    learnt = Vocabulary.learn(
        tables["train"].categories,
        min_rows=vocabulary.min_rows,
        max_levels=vocabulary.max_levels,
    )
    return Splits(features, learnt, tables, labels, fold, row_facts(trained))


def _require_both_classes(label: NDArray[np.float64], fold: NDArray[np.int64]) -> None:
    churned, stayed = (set(fold[label == value].tolist()) for value in (1, 0))
    known = np.isin(label, (0, 1)).all()
    if min(len(churned), len(stayed)) < FEWEST or not known:
        raise ValueError(
            "expected training rows that churned in two folds or more, and rows that "
            f"stayed as well, got {int(np.sum(label == 1))} and "
            f"{int(np.sum(label == 0))} of {len(label)} rows in {len(churned)} and "
            f"{len(stayed)} folds; run feature_engineering again, with more rows or "
            "observation dates"
        )

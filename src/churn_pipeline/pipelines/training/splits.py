"""`model_input` as the models read it: arrays by split, under a learnt vocabulary."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.feature import Feature, FeatureSet
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.settings import VocabularySettings
from churn_pipeline.models.table import Table, read_table
from churn_pipeline.models.vocabulary import Vocabulary

SPLITS = ("train", "validation", "calibration", "test")


@dataclass(frozen=True)
class Splits:
    """Labelled rows by split.

    Attributes:
        features: The features, in order.
        vocabulary: Levels learnt from the training rows.
        tables: Raw rows by split.
        labels: float64 by split: 1 churned, 0 stayed.
    """

    features: tuple[Feature, ...]
    vocabulary: Vocabulary
    tables: dict[str, Table]
    labels: dict[str, NDArray[np.float64]]

    def rows(self, split: str) -> Rows:
        """Return a split as a model is fit on it."""
        table = self.tables[split]
        codes = self.vocabulary.codes(table.categories)
        fold = np.full(len(table), 0 if split == "train" else -1)
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
        return found.hexdigest()


def read_splits(
    model_input: pd.DataFrame,
    feature_set: dict[str, object],
    vocabulary: VocabularySettings,
) -> Splits:
    """Return the labelled rows by split.

    Raises:
        ValueError: The training, validation or calibration rows are none, or have
            one class only.
    """
    features = FeatureSet.model_validate(feature_set).features
    texts = [f.name for f in features if f.type == "category"]
    numbers = [f.name for f in features if f.type == "number"]
    tables, labels = {}, {}
    for split in SPLITS:
        part = model_input[model_input["split"] == split]
        tables[split] = read_table(part, numbers=numbers, categories=texts)
        labels[split] = part["label"].to_numpy(np.float64)
        if split != "test":
            _require_both_classes(split, labels[split])
    learnt = Vocabulary.learn(
        tables["train"].categories,
        min_rows=vocabulary.min_rows,
        max_levels=vocabulary.max_levels,
    )
    return Splits(features, learnt, tables, labels)


def _require_both_classes(split: str, label: NDArray[np.float64]) -> None:
    churned = int(np.sum(label == 1))
    stayed = int(np.sum(label == 0))
    if min(churned, stayed) == 0 or churned + stayed != len(label):
        raise ValueError(
            f"expected customers who churned and who stayed in the {split} split, "
            f"got {churned} and {stayed} of {len(label)} rows; give more rows or "
            "observation dates, or other shares in the parameters of "
            "feature_engineering"
        )

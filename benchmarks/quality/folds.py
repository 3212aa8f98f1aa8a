"""Which rows train, which of those compare trials, and which test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupShuffleSplit,
    StratifiedKFold,
    train_test_split,
)

from benchmarks.quality.sets import DataSet
from churn_pipeline.models.table import read_table

SEED = 42
HELD_OUT = 0.2
"""Share of a fold's training rows on which a peer's trials are compared."""


@dataclass(frozen=True)
class Fold:
    """Positions of rows, each int64, in rising order.

    Attributes:
        name: `1`, `2`, … or `time`.
        train: Rows to fit on.
        held_out: Those of `train` that a peer may stop or compare trials by.
        test: Rows that the figures are of; none is in `train`.
    """

    name: str
    train: NDArray[np.int64]
    held_out: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True)
class Work:
    """What a model is fit on: the training rows of one fold, and nothing of the test.

    Attributes:
        data: The data set; its rows are the training rows alone.
        held_out: bool, (n_rows,): rows to stop or compare trials by.
        threads: Threads that the fit may use.
    """

    data: DataSet
    held_out: NDArray[np.bool_]
    threads: int

    @property
    def label(self) -> NDArray[np.int64]:
        """1 churned, 0 stayed, (n_rows,)."""
        return self.data.rows["label"].to_numpy(np.int64)

    def features(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the features: float32, NaN where missing, or text, `""` there."""
        numbers, texts = self.data.columns("number"), self.data.columns("category")
        table = read_table(rows, numbers=numbers, categories=texts)
        left = pd.DataFrame(table.numbers, columns=numbers)
        right = pd.DataFrame(table.categories, columns=texts, dtype=object)
        return pd.concat([left, right], axis=1)


def cut(rows: pd.DataFrame, folds: int | None) -> list[Fold]:
    """Return the folds of a data set.

    Args:
        rows: With `label`; with `split` and `customer_id` where the pipeline's split
            by time is taken.
        folds: Number of stratified folds; None takes the split by time.
    """
    if folds is None:
        return [_by_time(rows)]
    label = rows["label"].to_numpy(np.int64)
    cutter = StratifiedKFold(folds, shuffle=True, random_state=SEED)
    found = enumerate(cutter.split(np.zeros(len(rows)), label), 1)
    return [_stratified(str(number), *parts, label) for number, parts in found]


def work_of(data: DataSet, fold: Fold, *, threads: int) -> tuple[Work, pd.DataFrame]:
    """Return what is fit on, and the test rows without label and split."""
    rows = data.rows.iloc[fold.train].reset_index(drop=True)
    training = DataSet(data.name, rows, data.feature_set, data.digest, data.parameters)
    work = Work(training, np.isin(fold.train, fold.held_out), threads)
    hidden = data.rows.columns.intersection(["label", "split"])
    return work, data.rows.iloc[fold.test].drop(columns=hidden).reset_index(drop=True)


def predictions(folder: Path, data_set: str, model: str, fold: str) -> Path:
    """Return where the probabilities of a fold's test rows are kept."""
    return folder / "predictions" / data_set / model / f"{fold}.npy"


def pooled(
    folds: Sequence[Fold], values: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return the values of the folds' test rows in the order of the rows."""
    order = np.argsort(np.concatenate([fold.test for fold in folds]))
    return np.concatenate(values)[order]


def _stratified(
    name: str,
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    label: NDArray[np.int64],
) -> Fold:
    _, held_out = train_test_split(
        train, test_size=HELD_OUT, random_state=SEED, stratify=label[train]
    )
    return Fold(name, train, np.sort(held_out), test)


def _by_time(rows: pd.DataFrame) -> Fold:
    """Return the pipeline's split; all rows of a customer are held out, or none."""
    train, test = (np.flatnonzero(rows["split"] == part) for part in ("train", "test"))
    cutter = GroupShuffleSplit(1, test_size=HELD_OUT, random_state=SEED)
    customer = rows["customer_id"].to_numpy()[train]
    ((_, held_out),) = cutter.split(train, groups=customer)
    return Fold("time", train, np.sort(train[held_out]), test)

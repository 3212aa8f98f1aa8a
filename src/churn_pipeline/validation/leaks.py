"""Columns that give the label away: each alone tells who churns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

import ibis.expr.types as ir
import numpy as np

from churn_pipeline.tables import Table
from churn_pipeline.validation.findings import Finding
from churn_pipeline.validation.params import DataValidation

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_MOST_BINS = 50


def leak_findings(
    name: str, rows: ir.Table, table: Table, parameters: DataValidation
) -> Iterator[Finding]:
    """Yield the features that alone tell the label.

    Args:
        name: Name of the table.
        rows: Typed rows with the column `label`.
        table: What the columns mean.
        parameters: How well is too well, and how many rows are looked at.
    """
    features = [raw for raw, column in table.columns.items() if column.feature]
    columns = [*features, "label"]
    # Ordered by a hash: the same rows each time, from all over the file.
    picked = rows.order_by(rows["customer_id"].hash()).limit(parameters.leak_sample)
    frame = picked.select(*columns).to_pandas()
    for feature, auc in giveaways(frame, features, parameters):
        yield Finding(
            level="stop",
            where=f"{name}.{feature}",
            check="leak",
            message="expected columns that are known before a customer leaves, "
            f"got one that alone tells the label (ROC AUC {auc:.3f}); set "
            "`feature: false` on it in dataset.yml, or accept it in "
            "parameters_data_validation.yml",
        )


def giveaways(
    rows: pd.DataFrame, columns: Iterable[str], parameters: DataValidation
) -> Iterator[tuple[str, float]]:
    """Yield the columns that alone tell the label, with their ROC AUC.

    Args:
        rows: Rows with the columns and `label`, 1 or 0.
        columns: Those to look at.
        parameters: How well is too well.
    """
    for column in columns:
        auc = auc_alone(rows[column], rows["label"])
        if auc >= parameters.leak_auc:
            yield column, auc


def auc_alone(column: pd.Series, label: pd.Series) -> float:
    """Return how well one column tells the label: ROC AUC, 0.5 to 1.

    Values (numbers in up to 50 bins, missing ones a bin of their own) are replaced
    by the churn rate of the rows of the other half with that value, so that a column
    of values that occur once tells nothing. The mean of both halves is returned: the
    better one of two would favour luck.

    Args:
        column: One value a row, of any type; may be missing.
        label: 1 or 0 a row.

    Examples:
        >>> import pandas as pd
        >>> auc_alone(pd.Series(["a", "a", "b", "b"]), pd.Series([1, 1, 0, 0]))
        1.0
    """
    if len(label) < 2:  # noqa: PLR2004 - one half to learn from, one to ask
        return 0.5
    codes = _codes(column)
    y = label.to_numpy(dtype=np.float64)
    half = np.arange(len(y)) % 2 == 0
    rate = np.empty(len(y))
    for known, asked in ((half, ~half), (~half, half)):
        rate[asked] = _rate_of(codes[known], y[known], codes[asked], codes.max() + 1)
    return sum(_auc(rate[side], y[side]) for side in (half, ~half)) / 2


def _codes(column: pd.Series) -> NDArray[np.int64]:
    """Return a whole number from 0 for each row's value; missing has its own."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) and column.nunique() > _MOST_BINS:
        numbers = column.astype("float64")
        column = pd.qcut(numbers, _MOST_BINS, duplicates="drop").cat.codes
        column = column.where(numbers.notna(), -1)
    codes, _ = pd.factorize(column, use_na_sentinel=False)
    return cast("NDArray[np.int64]", codes.astype(np.int64))


def _rate_of(
    codes: NDArray[np.int64],
    label: NDArray[np.float64],
    asked: NDArray[np.int64],
    count: int,
) -> NDArray[np.float64]:
    """Return the label's mean by code, for the codes asked; the mean where unseen."""
    mean = label.mean() if len(label) else 0.0
    rows = np.bincount(codes, minlength=count)
    positives = np.bincount(codes, weights=label, minlength=count)
    # One row of the mean each, so that values seen once stay near it.
    return ((positives + mean) / (rows + 1))[asked]


def _auc(score: NDArray[np.float64], label: NDArray[np.float64]) -> float:
    """Return the ROC AUC, ties counted half (Mann-Whitney); 0.5 of one class."""
    _, rank, count = np.unique(score, return_inverse=True, return_counts=True)
    upto = np.cumsum(count)
    ranks = (upto - (count - 1) / 2)[rank]
    positives = label.sum()
    negatives = len(label) - positives
    if not positives or not negatives:
        return 0.5
    wins = ranks[label == 1].sum() - positives * (positives + 1) / 2
    return float(wins / (positives * negatives))

"""The verdict on one date's inputs and predictions, as JSON keeps it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.monitoring.distance import Kind
from churn_pipeline.monitoring.drift import ColumnDrift, DriftRule, Sample, compare
from churn_pipeline.params import Params

PREDICTION = "churn_probability"
"""Column of a sample that holds the champion's predictions."""

NOTHING_NEWER: Final = "nothing newer than the training data"

Verdict = Literal["quiet", "drift", "nothing newer than the training data"]

Predict = Callable[[Mapping[str, NDArray[Any]]], NDArray[np.float64]]


class DriftVerdict(Params):
    """What became of the columns and of the predictions.

    Attributes:
        verdict: `drift` where a column or the predictions drifted; `nothing newer
            than the training data` where the rows are those that the champion learnt
            from, so that nothing was compared.
        drifted: The drifted columns; those that move the predictions most come first.
        not_judged: Columns that move nearly altogether between any two dates of the
            reference, so that no move of theirs could tell of a drift.
        share_drifted: Share of the judged columns that drifted, in [0, 1].
        current_date: Observation date that was judged.
        reference_dates: First and last date of the reference.
        current_rows: Rows compared of the date.
        reference_rows: Rows compared of the reference.
        model_version: Version of the champion whose predictions are compared.
        prediction: What became of the predictions.
        columns: What became of each column, the drifted ones first, by distance.
        rule: When a column counts as drifted.
    """

    verdict: Verdict
    drifted: tuple[str, ...]
    not_judged: tuple[str, ...]
    share_drifted: float
    current_date: dt.date
    reference_dates: tuple[dt.date, dt.date]
    current_rows: int
    reference_rows: int
    model_version: str
    prediction: ColumnDrift
    columns: tuple[ColumnDrift, ...]
    rule: DriftRule

    @property
    def n_judged(self) -> int:
        """Number of columns that could be judged."""
        return len(self.columns) - len(self.not_judged)

    @property
    def in_words(self) -> str:
        """What came out, as one sentence."""
        if self.verdict == NOTHING_NEWER:
            return (
                "Nothing was compared: the newest rows are those that the model learnt "
                "from."
            )
        moved = "drifted too" if self.drifted else "drifted"
        predictions = moved if self.prediction.drifted else "did not drift"
        return (
            f"{len(self.drifted)} of {self.n_judged} columns drifted; the predictions "
            f"{predictions}."
        )


def judge(
    reference: Sample,
    current: Sample,
    kinds: Mapping[str, Kind],
    *,
    predict: Predict,
    model_version: str,
    rule: DriftRule,
    seed: int,
    is_newer: bool = True,
) -> DriftVerdict:
    """Return the verdict on the current sample.

    Args:
        reference: Rows to compare with, with a column `churn_probability`.
        current: Rows of one observation date, with a column `churn_probability`.
        kinds: The features to judge and their kinds.
        predict: The champion: columns to churn probabilities.
        model_version: Version of the champion.
        rule: When a column counts as drifted.
        seed: Of the draws behind `impact`.
        is_newer: False where the current rows are those of the reference.
    """
    both: dict[str, Kind] = {**kinds, PREDICTION: "number"}
    found = compare(reference, current, both, rule=rule)
    prediction = next(c for c in found if c.name == PREDICTION)
    rng = np.random.default_rng(seed)
    columns = tuple(
        column.model_copy(
            update={"impact": impact(column.name, reference, current, predict, rng)}
        )
        if column.drifted
        else column
        for column in found
        if column.name != PREDICTION
    )
    drifted = _by_impact(columns)
    not_judged = tuple(column.name for column in columns if not column.judged)
    moved: Verdict = "drift" if drifted or prediction.drifted else "quiet"
    return DriftVerdict(
        verdict=moved if is_newer else NOTHING_NEWER,
        drifted=drifted,
        not_judged=not_judged,
        share_drifted=len(drifted) / max(len(columns) - len(not_judged), 1),
        current_date=current.dates.max().item(),
        reference_dates=(reference.dates.min().item(), reference.dates.max().item()),
        current_rows=len(current),
        reference_rows=len(reference),
        model_version=model_version,
        prediction=prediction,
        columns=columns,
        rule=rule,
    )


def impact(
    name: str,
    reference: Sample,
    current: Sample,
    predict: Predict,
    rng: np.random.Generator,
    *,
    max_rows: int = 2_000,
) -> float:
    """Return how far predictions move when one column is drawn from the reference.

    Args:
        name: The column.
        reference: Where its values are drawn from.
        current: The rows that are predicted.
        predict: The champion.
        rng: Source of the draws.
        max_rows: Rows to predict, at most.

    Returns:
        Mean absolute change of the churn probability, in [0, 1].
    """
    rows = rng.permutation(len(current))[:max_rows]
    now = {column: values[rows] for column, values in current.columns.items()}
    drawn = reference.columns[name][rng.integers(0, len(reference), len(rows))]
    return float(np.abs(predict(now) - predict({**now, name: drawn})).mean())


def _by_impact(columns: Sequence[ColumnDrift]) -> tuple[str, ...]:
    """Return the names of the drifted columns, the largest impact first."""
    drifted = [column for column in columns if column.drifted]
    drifted.sort(key=lambda column: column.impact or 0.0, reverse=True)
    return tuple(column.name for column in drifted)


def first_names(names: Sequence[str], at_most: int = 5) -> str:
    """Return the first so many names, and how many more there are.

    Examples:
        >>> first_names(["a", "b", "c"], 2)
        'a, b and 1 more'
    """
    rest = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {rest} more" if rest > 0 else "")

"""What the trials of a study have in common: rows, a teacher, what judges them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.calibration import Floats
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.settings import (
    BoostingSettings,
    FitSettings,
    TuningSettings,
)
from churn_pipeline.models.teacher import teach

Loss = Callable[[Floats, Floats, NDArray[np.int64]], float]
"""Called with labels, probabilities and the places of these rows among all that were
given to the study, (n,) each; less is better."""


@dataclass(frozen=True)
class Trials:
    """What the trials of a study have in common.

    Attributes:
        rows: Rows to fit on, in folds; labels known.
        places: int64, (n_rows,): their places among the rows given to the study.
        n_codes: Number of codes of each text column.
        fit: How the nets are fit.
        tuning: The study's settings.
        seed: Of the nets.
        loss: What a trial is judged by.
    """

    rows: Rows
    places: NDArray[np.int64]
    n_codes: tuple[int, ...]
    fit: FitSettings
    tuning: TuningSettings
    seed: int
    loss: Loss


def prepare_trials(
    rows: Rows,
    n_codes: tuple[int, ...],
    *,
    fit: FitSettings,
    boosting: BoostingSettings,
    tuning: TuningSettings,
    seed: int,
    loss: Loss | None,
) -> Trials:
    """Return what the trials work on: a draw of the rows, with their teacher's word.

    Args:
        rows: Rows given to the study, in folds; labels known.
        n_codes: Number of codes of each text column.
        fit: How the nets are fit; each trial on one device.
        boosting: Settings of the teacher.
        tuning: The study's settings.
        seed: Of the draw, the teacher and the nets.
        loss: What a trial is judged by; the log loss where it is None.
    """
    places = stratified(rows.label, tuning.max_rows, seed)
    folds = range(tuning.held_folds)
    taught = teach(rows.take(places), n_codes, folds, settings=boosting, seed=seed)
    on_one = replace(fit, devices=1, strategy="auto")
    return Trials(taught, places, n_codes, on_one, tuning, seed, loss or log_loss)


def log_loss(label: Floats, probability: Floats, _: NDArray[np.int64]) -> float:
    """Return the mean log loss in nats; infinite for a certain answer that is wrong."""
    with np.errstate(divide="ignore"):
        return float(
            -np.mean(np.log(np.where(label == 1, probability, 1 - probability)))
        )


def stratified(label: Floats, max_rows: int, seed: int) -> NDArray[np.int64]:
    """Return the places of at most so many rows, with the churn rate of all.

    Args:
        label: float64, (n,): 1 churned, 0 stayed.
        max_rows: Rows that are drawn, at most, but for rounding.
        seed: Of the draw.

    Returns:
        int64, ascending; all places where there are no more rows.
    """
    if len(label) <= max_rows:
        return np.arange(len(label))
    rng = np.random.default_rng(seed)
    kept = []
    for value in (0.0, 1.0):
        positions = np.flatnonzero(label == value)
        share = round(len(positions) * max_rows / len(label))
        kept.append(rng.permutation(positions)[:share])
    return np.sort(np.concatenate(kept))

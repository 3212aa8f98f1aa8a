"""Boosted trees as the net's teacher: their probabilities beside the labels.

A label says little about its row where most of churn is chance. Trees that were fit on
the row have averaged over many like it, and what they say of it is a label with less
noise. The net learns from both, in a share of its own.

Source: Hinton et al. 2015, "Distilling the Knowledge in a Neural Network"; for tables
and trees, Fakoor et al. 2020, "Fast, Accurate, and Simple Models for Tabular Data".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from churn_pipeline.models.boosting import fit_without
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.settings import BoostingSettings

_MAX_ROWS = 200_000
"""With more rows the labels say enough, and trees would take longer than the net."""


def teach(
    rows: Rows,
    n_codes: tuple[int, ...],
    folds: Iterable[int],
    *,
    settings: BoostingSettings,
    seed: int,
) -> Rows:
    """Return the rows with what trees that have not seen a fold say of all others.

    A member that holds the fold out learns from these, so that nothing of the fold's
    labels but the number of trees reaches it.

    Args:
        rows: Rows to fit on, in folds; labels known. Many rows come back as they are.
        n_codes: Number of codes of each text column.
        folds: The folds that members hold out.
        settings: The trees'.
        seed: The same seed gives the same trees.
    """
    if len(rows) > _MAX_ROWS:
        return rows
    taught = np.repeat(rows.label[:, None].astype(np.float32), rows.n_folds, axis=1)
    for fold in folds:
        chance = fit_without(rows, n_codes, fold, settings=settings, seed=seed)
        taught[:, fold] = chance(rows)
    return replace(rows, taught=taught)

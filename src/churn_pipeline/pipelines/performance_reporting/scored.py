"""Rows with what models say of them that were not fit on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churn_pipeline.monitoring.cells import Cells
from churn_pipeline.pipelines.evaluation.rows import (
    KEYS,
    PROBABILITY,
    THRESHOLD,
    VALUE,
    columns,
    thresholds,
)
from churn_pipeline.release.artifact import Artifact


def scored(rows: pd.DataFrame, artifact: Artifact, more: list[str]) -> pd.DataFrame:
    """Return keys, labels, what an artifact says of the rows, and more columns."""
    found = _with_money(rows, artifact, more)
    return found.assign(**{PROBABILITY: artifact.predict(columns(rows, artifact))})


def _with_money(
    rows: pd.DataFrame, artifact: Artifact, more: list[str]
) -> pd.DataFrame:
    """Return keys, labels, who is called by what each is worth, and more columns."""
    return rows[[*KEYS, "label", *dict.fromkeys(more)]].assign(
        **{
            THRESHOLD: thresholds(rows, artifact),
            VALUE: artifact.manifest.decision.values(rows, len(rows)),
        }
    )


def answered_unseen(
    rows: pd.DataFrame, trained: pd.DataFrame, measured: Artifact
) -> pd.DataFrame:
    """Return the labelled rows with what models say that were not fit on them.

    Args:
        rows: What the champion was made from.
        trained: Cross-fit probabilities of the rows that it was fit on.
        measured: What answers for the rows of the test split that are none of these.
    """
    known = rows[rows["label"].notna()].assign(_date=dates_of)
    keyed = trained.assign(_date=dates_of(trained))[
        ["customer_id", "_date", PROBABILITY]
    ]
    both = known.merge(keyed, on=["customer_id", "_date"], how="left")
    left = both[PROBABILITY].isna() & (both["split"] == "test")
    told = pd.concat(
        [
            scored(both[left].drop(columns=PROBABILITY), measured, []),
            _with_money(both[both[PROBABILITY].notna()], measured, [PROBABILITY]),
        ]
    )
    return told.astype({"label": np.float64})


def cells_of(rows: pd.DataFrame) -> Cells:
    """Return the cells of scored rows."""
    probability = rows[PROBABILITY].to_numpy(np.float64)
    return Cells.of(
        probability,
        called=probability >= rows[THRESHOLD].to_numpy(np.float64),
        value=rows[VALUE].to_numpy(np.float64),
        label=rows["label"].to_numpy(np.float64),
    )


def dates_of(frame: pd.DataFrame) -> pd.Series[Any]:
    """Return the observation dates of a frame."""
    return pd.to_datetime(frame["observation_date"]).dt.date

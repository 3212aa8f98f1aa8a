"""Rows that the champion has learnt the fate of, as models say that have not.

Of a snapshot, those who stayed are called today, and the released model was fit on
every one of them as one who stayed: it takes them for safer than they are.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.pipelines.evaluation.rows import PROBABILITY, columns
from churn_pipeline.release.artifact import Artifact, ArtifactError
from churn_pipeline.release.explanation import table_of
from churn_pipeline.release.reigning import Reigning


def held_out_rows(
    *,
    date: dt.date,
    champion: Artifact,
    measured: Reigning | ArtifactError,
    held_out: pd.DataFrame,
    known: pd.DataFrame,
) -> pd.DataFrame:
    """Return the rows of a date whose label the champion was fit on.

    Training rows get the cross-fit probability: of models that were not fit on any row
    of their customer. Test rows get that of the model before its refit.

    Args:
        date: Observation date.
        champion: The released artifact.
        measured: The same as it was measured, or what is wrong with it.
        held_out: Cross-fit probabilities of the training rows, by family.
        known: The rows that the champion was made from, with `split` and `label`.

    Returns:
        `customer_id`, `churn_probability` (float64, [0, 1]) and the features.

    Raises:
        ArtifactError: There are test rows of the date, and the measured model's files
            are missing or altered.
    """
    learnt = known[_on(known, date) & known["label"].notna()]
    features = [feature.name for feature in champion.manifest.features]
    trained = held_out[_on(held_out, date)].rename(
        columns={champion.manifest.family: PROBABILITY}
    )
    rows = learnt[["customer_id", "split", *features]].merge(
        trained[["customer_id", PROBABILITY]], on="customer_id", how="left"
    )
    tested = (rows["split"] == "test").to_numpy()
    if tested.any():
        if isinstance(measured, ArtifactError):
            raise measured
        given = columns(rows[tested], measured.measured)
        rows.loc[tested, PROBABILITY] = measured.measured.predict(given)
    told = rows[rows[PROBABILITY].notna()]
    return told[["customer_id", PROBABILITY, *features]].reset_index(drop=True)


def instead_of(
    batch: pd.DataFrame,
    probability: NDArray[np.float64],
    held_out: pd.DataFrame,
    champion: Artifact,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return probabilities without what was learnt of the very rows, and of which.

    A customer whose features have changed since is another row than the one learnt.

    Args:
        batch: Rows to score, of one date.
        probability: As the champion says, (n,).
        held_out: As of `held_out_rows`.
        champion: The released artifact.

    Returns:
        Probabilities, float64, (n,), and whether each was taken from `held_out`, (n,).
    """
    place = pd.Index(held_out["customer_id"]).get_indexer(batch["customer_id"])
    found = place >= 0
    if not found.any():
        return probability, found
    features = champion.manifest.features
    mine = table_of(features, columns(batch[found], champion))
    rows = held_out.iloc[place[found]]
    theirs = table_of(features, columns(rows, champion))
    numbers = np.isclose(mine.numbers, theirs.numbers, rtol=0, atol=0, equal_nan=True)
    same = numbers.all(axis=1) & (mine.categories == theirs.categories).all(axis=1)
    found[found] = same
    taken = probability.copy()
    taken[found] = rows[PROBABILITY].to_numpy(np.float64)[same]
    return taken, found


def _on(rows: pd.DataFrame, date: dt.date) -> pd.Series[Any]:
    return pd.to_datetime(rows["observation_date"]).dt.date == date

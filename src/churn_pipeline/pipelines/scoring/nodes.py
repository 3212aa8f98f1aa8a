"""Score the customers that the company has now."""

from __future__ import annotations

import datetime as dt
from typing import Any

import ibis
import numpy as np
import pandas as pd

from churn_pipeline.dataset import Params
from churn_pipeline.release.expected import require_features
from churn_pipeline.serving.decide import decide, require_champion

BATCH_ROWS = 65_536


class Scoring(Params):
    """What is scored (root key `scoring`).

    Attributes:
        observation_date: Date whose customers are scored; None takes the newest.
    """

    observation_date: dt.date | None = None


def score_customers(
    customer_features: ibis.Table, champion: Any, scoring: Scoring
) -> pd.DataFrame:
    """Return the churn probability of each customer, the likeliest to churn first.

    Args:
        customer_features: One row a customer and observation date.
        champion: The released artifact, or None where there is none yet.
        scoring: Which date to score.

    Returns:
        `customer_id`, `observation_date`, `churn_probability` (float64, [0, 1]),
        `decision` (`call` or `no_call`) and `model_version`.

    Raises:
        ValueError: There is no champion, no row of the date, or a feature of the
            champion is not made any more.
    """
    artifact = require_champion(champion)
    rows = at_date(customer_features, scoring.observation_date)
    names = require_features(artifact.manifest, rows.columns)
    parts = [
        _score_batch(batch.to_pandas(), artifact)
        for batch in rows.select(
            "customer_id", "observation_date", *names
        ).to_pyarrow_batches(chunk_size=BATCH_ROWS)
    ]
    scores = pd.concat(parts, ignore_index=True)
    # The id settles ties, so that the same input gives the same file.
    order = np.lexsort((scores["customer_id"], -scores["churn_probability"]))
    return scores.iloc[order].reset_index(drop=True)


def at_date(features: ibis.Table, date: dt.date | None) -> ibis.Table:
    """Return the rows of one observation date, by default the newest.

    Raises:
        ValueError: There is no row of the date.
    """
    dates = features.observation_date
    chosen = date or features.aggregate(newest=dates.max()).to_pandas()["newest"][0]
    rows = features.filter(dates == ibis.date(str(chosen)[:10]))
    if pd.isna(chosen) or rows.count().to_pyarrow().as_py() == 0:
        known = features.select("observation_date").distinct()
        some = sorted(str(d)[:10] for d in known.to_pandas()["observation_date"])
        raise ValueError(
            f"expected rows of observation date {chosen} in customer_features, found "
            f"none; dates there: {', '.join(some[-12:]) or 'none'}; choose one of "
            "them, or make the features of newer data"
        )
    return rows


def _score_batch(batch: pd.DataFrame, artifact: Any) -> pd.DataFrame:
    """Return the scores of some rows."""
    probability = artifact.predict(batch)
    return batch[["customer_id", "observation_date"]].assign(
        churn_probability=probability,
        decision=decide(probability, artifact.manifest.threshold),
        model_version=artifact.manifest.version,
    )

"""The rows that are compared: the newest, and those that the champion learnt from."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pandas as pd

from churn_pipeline.monitoring.params import DriftReporting
from churn_pipeline.monitoring.verdict import PREDICTION
from churn_pipeline.pipelines.scoring.rows import at_date
from churn_pipeline.release.expected import require_features

KEYS = ["customer_id", "observation_date"]


def sample_current(
    customer_features: ibis.Table, champion: Any, drift_reporting: DriftReporting
) -> pd.DataFrame:
    """Return customers of the date to judge, with the champion's predictions.

    Returns:
        `customer_id`, `observation_date`, the champion's features,
        `churn_probability`; which rows are taken of too many depends on the customer
        ids alone.

    Raises:
        ValueError: There is no row of the date, or a feature of the
            champion is not made any more.
    """
    rows = at_date(customer_features, drift_reporting.current_date)
    some = rows.order_by(rows.customer_id.hash()).limit(drift_reporting.max_rows)
    return _with_predictions(some.to_pandas(), champion)


def sample_reference(
    model_input_of_champion: pd.DataFrame,
    drift_current: pd.DataFrame,
    champion: Any,
    drift_reporting: DriftReporting,
    seed: int,
) -> pd.DataFrame:
    """Return rows that the champion learnt from, with its predictions.

    Rows of the date that is judged are left out where there are other dates. Where
    the champion learnt from the very rows that are judged, those are returned: there
    is nothing to compare.

    Args:
        model_input_of_champion: The version of `model_input` it was made from.
        drift_current: The rows to judge.
        champion: The released artifact.
        drift_reporting: Splits and size of the sample.
        seed: Of the draw of rows.

    Raises:
        ValueError: There is no row of the reference splits, or a
            feature of the champion is missing.
    """
    known = model_input_of_champion
    rows = known[known["split"].isin(drift_reporting.reference_splits)]
    others = dates_of(rows) != dates_of(drift_current)[0]
    if others.any():
        rows = rows[others]
    elif _holds(known, drift_current, champion):
        return drift_current
    if rows.empty:
        raise ValueError(
            "expected rows of the splits "
            f"{', '.join(drift_reporting.reference_splits)} in model_input, found "
            f"none in {len(known)} rows; choose other `reference_splits`"
        )
    if len(rows) > drift_reporting.max_rows:
        rows = rows.sample(drift_reporting.max_rows, random_state=seed)
    return _with_predictions(rows, champion)


def dates_of(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """Return the observation dates of a frame, datetime64[D], (n,)."""
    return pd.to_datetime(frame["observation_date"]).to_numpy("datetime64[D]")


def _with_predictions(rows: pd.DataFrame, artifact: Any) -> pd.DataFrame:
    """Return the keys, the features and the predictions of some rows."""
    names = require_features(artifact.manifest, rows.columns)
    numbers = dict.fromkeys(artifact.manifest.numbers, "float64")  # some are decimals
    return (
        rows[[*KEYS, *names]]
        .astype(numbers)
        .assign(**{PREDICTION: artifact.predict(rows)})
        .reset_index(drop=True)
    )


def _holds(known: pd.DataFrame, current: pd.DataFrame, artifact: Any) -> bool:
    """Return whether all current rows are among the known ones, unchanged."""
    of_date = known[dates_of(known) == dates_of(current)[0]].set_index("customer_id")
    if not current["customer_id"].isin(of_date.index).all():
        return False
    same = of_date.loc[current["customer_id"]].reset_index()
    found = _with_predictions(same, artifact).drop(columns=KEYS)
    return all(_equal(found[name], current[name]) for name in found)


def _equal(one: pd.Series[Any], other: pd.Series[Any]) -> bool:
    """Return whether two columns hold the same, missing values included."""
    a, b = one.astype(object), other.astype(object)
    return bool(((a == b) | (a.isna() & b.isna())).all())

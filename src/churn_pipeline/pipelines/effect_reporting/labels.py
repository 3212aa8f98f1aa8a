"""What became of those who were called, and of those who were kept aside."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.dataset import Dataset
from churn_pipeline.features.build import Tables
from churn_pipeline.features.label import event_labels
from churn_pipeline.features.observation import calendar
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.io.prediction_log import PredictionLog

KEYS = ["customer_id", "observation_date"]


def label_assignments(  # noqa: PLR0917 - Kedro passes them by name
    call_assignments_so_far: pd.DataFrame,
    customers: ibis.Table,
    transactions: ibis.Table,
    contracts: ibis.Table,
    prediction_log: PredictionLog | None,
    dataset: Dataset,
    feature_engineering: FeatureEngineering,
) -> pd.DataFrame:
    """Return each customer once a campaign, from the first list on, with the label.

    Labels of events are counted from the list's own date. A snapshot's label is of
    before the call: there `/feedback` by customer and date of the list tells.

    Args:
        call_assignments_so_far: Of all lists, the oldest first; for older lists what
            this node has returned of them before, whose labels are told anew.
        customers: Typed customers.
        transactions: Typed events.
        contracts: Typed contract terms.
        prediction_log: What the service was told; None where none has run.
        dataset: Label rule.
        feature_engineering: As-of day, grace of a renewal, lag until rows are known.

    Returns:
        The assignments with `label` (float64: 1 churned, also within the lead time, 0
        stayed, NaN: not known).
    """
    if call_assignments_so_far.empty:
        return call_assignments_so_far.assign(label=np.empty(0))
    ordered = call_assignments_so_far.sort_values("observation_date", kind="stable")
    first = ordered.drop_duplicates(["campaign", "customer_id"]).reset_index(drop=True)
    if dataset.shape == "snapshot":
        return first.assign(label=_told(first, prediction_log))
    tables = Tables(customers, transactions, contracts)
    return first.assign(label=_counted(first, tables, dataset, feature_engineering))


def _counted(
    rows: pd.DataFrame,
    tables: Tables,
    dataset: Dataset,
    parameters: FeatureEngineering,
) -> NDArray[np.float64]:
    """Return the labels by the data set's own rule, at the dates of the lists.

    Who is lost within the lead time counts as lost: a model has nothing to learn of
    them, and a call may have been why.
    """
    dates = pd.to_datetime(rows["observation_date"]).dt.date
    keys = pd.DataFrame({"customer_id": rows["customer_id"], "observation_date": dates})
    settled = replace(
        calendar(tables, dataset, parameters), dates=tuple(sorted(dates.unique()))
    )
    listed = ibis.memtable(keys.drop_duplicates())
    typed = listed.mutate(observation_date=listed.observation_date.cast("date"))
    found = event_labels(typed, tables, dataset, parameters, settled).to_pandas()
    found["observation_date"] = pd.to_datetime(found["observation_date"]).dt.date
    label = keys.merge(found, on=KEYS, how="left")["label"].to_numpy(np.float64)
    mature = dates.map(settled.is_mature).to_numpy(dtype=bool)
    return np.where(mature & np.isnan(label), 1.0, label)


def _told(rows: pd.DataFrame, log: PredictionLog | None) -> NDArray[np.float64]:
    """Return the labels that came by customer and date; the last that came holds."""
    if log is None:
        return np.full(len(rows), np.nan)
    from churn_pipeline.serving.journal.database import connect

    names = rows["customer_id"].map(log.pseudonyms.name)
    days = [(date - dt.datetime(1970, 1, 1)).days for date in _moments(rows)]
    asked = (
        "SELECT customer, observation_day, churned FROM feedback WHERE customer IS NOT "
        "NULL AND observation_day >= ? AND observation_day <= ? ORDER BY id"
    )
    with closing(connect(log.url, pseudonyms=log.pseudonyms.fingerprint)) as database:
        found = database.stream(asked, (min(days), max(days)))
        known = {(name, day): float(churned) for name, day, churned in found}
    pairs = zip(names, days, strict=True)
    return np.array([known.get(pair, np.nan) for pair in pairs])


def _moments(rows: pd.DataFrame) -> list[dt.datetime]:
    return [m.to_pydatetime() for m in pd.to_datetime(rows["observation_date"])]

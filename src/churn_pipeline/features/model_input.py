"""From `customer_features` to `model_input`: label, split and fold of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from churn_pipeline.dataset import Dataset
from churn_pipeline.features.label import event_labels
from churn_pipeline.features.observation import calendar
from churn_pipeline.features.split import split_events, split_snapshot

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from churn_pipeline.features.build import Tables
    from churn_pipeline.features.params import FeatureEngineering, Split

ORDER = ["observation_date", "customer_id"]


def event_rows(
    features: ibis.Table,
    tables: Tables,
    dataset: Dataset,
    parameters: FeatureEngineering,
    *,
    seed: int,
) -> pd.DataFrame:
    """Return `model_input` of a data set of events.

    Args:
        features: `customer_features`.
        tables: Typed tables.
        dataset: Label rule.
        parameters: As-of day, observation dates, split.
        seed: Of the draw of customers.

    Returns:
        The features with `label`, `split` and `fold`, by observation date and customer.
    """
    dates = calendar(tables, dataset, parameters)
    labelled = event_labels(features, tables, dataset, parameters, dates)
    rows: pd.DataFrame = labelled.order_by(ORDER).to_pandas()
    parts = split_events(rows, dates, split=parameters.split, seed=seed)
    return rows.assign(**parts._asdict())


def snapshot_rows(
    features: ibis.Table,
    customers: ibis.Table,
    split: Split,
    *,
    seed: int,
) -> pd.DataFrame:
    """Return `model_input` of a snapshot.

    Args:
        features: `customer_features`.
        customers: The typed snapshot, with `label` (1 churned, 0 stayed).
        split: Share of the test, number of folds.
        seed: Of the draw of customers.

    Returns:
        The features with `label`, `split` and `fold`, by customer.
    """
    labelled = features.join(customers.select("customer_id", "label"), "customer_id")
    rows: pd.DataFrame = labelled.order_by(ORDER).to_pandas()
    parts = split_snapshot(
        rows["customer_id"],
        rows["label"].to_numpy(dtype=np.float64),
        split=split,
        seed=seed,
    )
    return rows.assign(**parts._asdict())

"""Nodes of `feature_engineering`; the work is done in `churn_pipeline.features`."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import ibis
import pandas as pd

from churn_pipeline.dataset import Dataset
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.validation.params import DataValidation

logger = logging.getLogger(__name__)


class CustomerFeatures(NamedTuple):
    """The features of every observation date, and what its columns are."""

    customer_features: ibis.Table
    feature_set: dict[str, Any]


def build_customer_features(
    customers: ibis.Table,
    transactions: ibis.Table,
    contracts: ibis.Table,
    dataset: Dataset,
    parameters: FeatureEngineering,
) -> CustomerFeatures:
    """Return the features at every observation date, the unlabelled ones included.

    Args:
        customers: Typed customers; of a snapshot, the snapshot.
        transactions: Typed events; empty of a snapshot.
        contracts: Typed contract terms; empty where there are none.
        dataset: What the tables mean.
        parameters: Windows, observation dates, population.

    Returns:
        A lazy table (`customer_id`, `observation_date`, features, reported columns)
        and a `FeatureSet` as plain values.
    """
    from churn_pipeline.features.build import Tables, event_features, snapshot_features
    from churn_pipeline.features.observation import calendar, short_windows

    if dataset.shape == "snapshot":
        table, feature_set = snapshot_features(customers, dataset)
    else:
        tables = Tables(customers, transactions, contracts)
        dates = calendar(tables, dataset, parameters)
        logger.info(
            "labels are settled %d days after their date, %d of them the lag until "
            "rows are known",
            dates.settled_days,
            dates.known_lag_days,
        )
        if (warning := short_windows(dates, parameters)) is not None:
            logger.warning("feature_engineering: %s", warning)
        table, feature_set = event_features(tables, dataset, parameters, dates)
    return CustomerFeatures(table, feature_set.model_dump(mode="json"))


def label_and_split(  # noqa: PLR0917 - Kedro passes them by name
    features: ibis.Table,
    customers: ibis.Table,
    transactions: ibis.Table,
    contracts: ibis.Table,
    dataset: Dataset,
    parameters: FeatureEngineering,
    checks: DataValidation,
    seed: int,
) -> pd.DataFrame:
    """Return `model_input`: the features with label, split and fold, in a fixed order.

    Args:
        features: `customer_features`.
        customers: Typed customers; of a snapshot, with the label.
        transactions: Typed events.
        contracts: Typed contract terms.
        dataset: Label rule.
        parameters: As-of day and split.
        checks: How well a column alone may tell the label.
        seed: Of the draws of customers.

    Returns:
        The features, `label` (float64: 1 churned, 0 stayed, NaN not known), `split`
        and `fold` (int64: of the training rows, -1 of others), ordered by observation
        date and customer.
    """
    from churn_pipeline.features.build import Tables
    from churn_pipeline.features.model_input import event_rows, snapshot_rows

    if dataset.shape == "snapshot":
        rows = snapshot_rows(features, customers, parameters.split, seed=seed)
    else:
        tables = Tables(customers, transactions, contracts)
        rows = event_rows(features, tables, dataset, parameters, seed=seed)
        _warn_of_giveaways(rows, checks)
    counts = rows["split"].value_counts()
    logger.info(
        "model_input: %s rows (%s), to be trained in %d folds",
        f"{len(rows):,}",
        ", ".join(f"{part} {count:,}" for part, count in counts.items()),
        rows["fold"].max() + 1,
    )
    return rows


def _warn_of_giveaways(rows: pd.DataFrame, checks: DataValidation) -> None:
    """Warn of columns that alone tell the label of the training rows.

    A status that was written after the observation date does. Of a snapshot,
    `data_validation` has stopped for it already.
    """
    from churn_pipeline.features.build import KEYS
    from churn_pipeline.validation.leaks import giveaways

    train = rows[rows["split"] == "train"]
    sample = train.iloc[:: max(1, len(train) // checks.leak_sample)]
    features = rows.columns.difference([*KEYS, "label", "split", "fold"], sort=False)
    for name, auc in giveaways(sample, features, checks):
        logger.warning(
            "feature_engineering: %s alone tells who leaves (ROC AUC %.3f): was it "
            "known at the observation date? If not, set `feature: false` on it in "
            "dataset.yml",
            name,
            auc,
        )

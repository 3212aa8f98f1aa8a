"""What retraining does otherwise than a first training."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import ibis
import numpy as np
import pandas as pd

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.features.folds import assign_folds
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.features.split import TRAIN
from churn_pipeline.models.settings import NetSettings
from churn_pipeline.monitoring.decision import since_of
from churn_pipeline.monitoring.policy import RetrainPolicy
from churn_pipeline.pipelines.feature_engineering.nodes import label_and_split
from churn_pipeline.pipelines.monitoring.nodes import Monitoring
from churn_pipeline.pipelines.training import nodes
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.release.artifact import Manifest
from churn_pipeline.release.reigning import Reigning
from churn_pipeline.validation.params import DataValidation


def label_and_split_again(  # noqa: PLR0917 - Kedro passes them by name
    features: ibis.Table,
    customers: ibis.Table,
    transactions: ibis.Table,
    contracts: ibis.Table,
    dataset: Dataset,
    parameters: FeatureEngineering,
    checks: DataValidation,
    monitoring: Monitoring,
    champion_before: Any,
    last_retraining_decision: dict[str, Any] | None,
    seed: int,
) -> pd.DataFrame:
    """Return `model_input`, split such that a model can be better than the champion.

    A model that learnt from dates before the newest alone knows as little of what has
    changed as the champion, and no gate could let it pass before another horizon is
    over.

    Args:
        features: `customer_features`.
        customers: Typed customers.
        transactions: Typed events.
        contracts: Typed contract terms.
        dataset: Label rule.
        parameters: As-of day and folds.
        checks: How well a column alone may tell the label.
        monitoring: How many customers are kept apart.
        champion_before: The champion: what its labels have looked at compares
            nothing. None before the first, or where its files are damaged.
        last_retraining_decision: Since when customers leave as they do now; None where
            nothing was decided yet.
        seed: Of the draws of customers.
    """
    usable = isinstance(champion_before, Reigning)
    again = Again(
        champion_before.served.manifest if usable else None,
        since_of(last_retraining_decision),
        monitoring.retrain,
        seed,
    )
    split = partial(
        label_and_split, features, customers, transactions, contracts, dataset
    )
    return again.rows(
        lambda parameters: split(parameters, checks, seed), parameters, dataset
    )


@dataclass(frozen=True)
class Again:
    """What the rows of a model made anew depend on, beside the data.

    Attributes:
        champion: The champion's manifest; None before the first.
        since: Observation date from which on rows are learnt from; None: all are.
        policy: The rules.
        seed: Of the draws of customers.
    """

    champion: Manifest | None
    since: dt.date | None
    policy: RetrainPolicy
    seed: int

    def rows(
        self,
        split: Callable[[FeatureEngineering], pd.DataFrame],
        parameters: FeatureEngineering,
        dataset: Dataset,
    ) -> pd.DataFrame:
        """Return `model_input` of what is learnt from.

        Args:
            split: Returns the labelled and split rows of parameters.
            parameters: The data set's.
            dataset: What the tables mean.
        """
        asked = split_again(
            parameters, self.policy, dataset, self.champion, since=self.since
        )
        return learnt_since(split(asked), self.since, self.policy, seed=self.seed)


def learnt_since(
    rows: pd.DataFrame, since: dt.date | None, policy: RetrainPolicy, *, seed: int
) -> pd.DataFrame:
    """Return the rows from a date on, and as many dates before as it takes.

    Args:
        rows: `model_input`.
        since: The date; None: all rows are learnt from.
        policy: How many churners it takes.
        seed: Of the folds.
    """
    if since is None:
        return rows
    dates = pd.to_datetime(rows["observation_date"])
    trains = rows["split"] == TRAIN
    churners = rows["label"].where(trains, 0).fillna(0).groupby(dates).sum()
    after = churners[::-1].cumsum()
    enough = after[after >= policy.least_churners].index
    first = min(pd.Timestamp(since), enough.max()) if len(enough) else dates.min()
    kept = rows[dates >= first].reset_index(drop=True)
    trained = (kept["split"] == TRAIN).to_numpy()
    fold = np.full(len(kept), -1)
    fold[trained] = assign_folds(
        kept.loc[trained, "customer_id"],
        kept.loc[trained, "label"].to_numpy(np.float64),
        folds=int(rows["fold"].max()) + 1,
        seed=seed,
    )
    return kept.assign(fold=fold)


def split_again(
    parameters: FeatureEngineering,
    policy: RetrainPolicy,
    dataset: Dataset,
    champion: Manifest | None,
    *,
    since: dt.date | None = None,
) -> FeatureEngineering:
    """Return the parameters with the split by which another champion is judged.

    A snapshot has one date, and is split by customer anyway.

    Args:
        parameters: The data set's.
        policy: How many customers are held apart, on how many dates.
        dataset: What the tables mean.
        champion: Its manifest; None before the first.
        since: Observation date before which customers left for other reasons: who is
            the better one is told by those after it.
    """
    if policy.held_customers is None or dataset.shape == "snapshot" or champion is None:
        return parameters
    asked = {
        "by": "customer",
        "test": policy.held_customers,
        "dates": policy.held_dates,
        "since": max(champion.fitted.of_ranking.labels_until, since or dt.date.min),
    }
    split = parameters.split.model_copy(update=asked)
    return parameters.model_copy(update={"split": split})


def tune_net_again(
    model_input: pd.DataFrame,
    feature_set: dict[str, Any],
    *,
    net_settings_of_champion: dict[str, Any] | None,
    dataset: Dataset,
    training: Training,
    decision: Decision,
    seed: int,
) -> dict[str, Any]:
    """Return the net's best settings and the trials, beginning with the champion's.

    Its settings are the first trial and stay unless another is surely better, so that
    what an earlier study found is not lost. Losses of other rows compare with none:
    its other trials are left behind.

    Args:
        model_input: The rows.
        feature_set: What the columns are.
        net_settings_of_champion: What the champion's study found; None before the
            first champion.
        dataset: The data set.
        training: Settings of every family; those of the net are replaced.
        decision: Costs and values.
        seed: Of the study.
    """
    if net_settings_of_champion is not None:
        start = NetSettings(**net_settings_of_champion)
        training = training.model_copy(update={"net": start})
    return nodes.tune_net(
        model_input,
        feature_set,
        dataset=dataset,
        training=training,
        decision=decision,
        seed=seed,
    )

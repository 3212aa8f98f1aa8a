"""Typed tables of a history, and the rows of all its dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from churn_pipeline.dataset import Dataset
from churn_pipeline.features.build import Tables, event_features
from churn_pipeline.features.label import event_labels
from churn_pipeline.features.observation import Calendar
from churn_pipeline.replay.settings import Settings
from churn_pipeline.replay.world import World
from churn_pipeline.validation.fields import TABLES, table_of
from churn_pipeline.validation.rows import accepted, check_rows

if TYPE_CHECKING:
    import pandas as pd

Rejected = dict[str, dict[str, int]]


def typed_tables(
    raw: Mapping[str, Any], dataset: Dataset, *, today: dt.date
) -> tuple[Tables, Rejected]:
    """Return the accepted rows of the raw tables, and how many were rejected.

    Args:
        raw: Raw tables by name; empty where there is none.
        dataset: What they mean.
        today: The day after which nothing has happened yet.
    """
    import ibis

    from churn_pipeline.validation.tables import empty_checked

    found, rejected = [], {}
    for name in TABLES:
        table = table_of(dataset, name)
        if table is None or raw.get(name) is None:
            found.append(accepted(empty_checked(name)))
            continue
        given = raw[name]
        rows = given if isinstance(given, ibis.Table) else ibis.memtable(given)
        checked = check_rows(rows, table, dataset, today=today)
        good = accepted(checked).cache()
        n_rows, n_good = (t.count().to_pyarrow().as_py() for t in (rows, good))
        rejected[name] = {"rows": n_rows, "rejected": n_rows - n_good}
        found.append(good)
    return Tables(*found), rejected


def world_of(tables: Tables, settings: Settings, dates: Calendar) -> World:
    """Return a history of typed tables, without steps.

    Features of a date hold what was known on it and no more, so that they are made
    once; a label is settled once, and stays.
    """
    dataset, parameters = settings.dataset, settings.feature_engineering
    made = event_features(tables, dataset, parameters, dates)
    labelled = event_labels(made.table, tables, dataset, parameters, dates)
    return World(
        rows=dated(labelled.to_pandas()),
        feature_set=made.feature_set.model_dump(mode="json"),
        calendar=dates,
        steps=(),
    )


def dated(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with plain dates."""
    import pandas as pd

    dates = pd.to_datetime(rows["observation_date"]).dt.date
    return rows.assign(observation_date=dates)

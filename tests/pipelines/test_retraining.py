"""Retraining is the main job from raw tables to the release, but for its start."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.models.settings import NetSettings
from churn_pipeline.monitoring.policy import RetrainPolicy
from churn_pipeline.pipelines import retraining
from churn_pipeline.pipelines.retraining.nodes import (
    learnt_since,
    tune_net_again,
)
from churn_pipeline.pipelines.training import nodes
from churn_pipeline.pipelines.training.params import Training


@pytest.fixture
def started(monkeypatch):
    """Collect the settings that studies begin with."""
    found = []

    def tune_net(*rows, training, **given):
        found.append(training.net)
        return {}

    monkeypatch.setattr(nodes, "tune_net", tune_net)
    return found


def _tune(settings):
    tune_net_again(
        None,
        {},
        net_settings_of_champion=settings,
        dataset=None,
        training=Training(),
        decision=None,
        seed=1,
    )


def test_the_study_begins_with_the_champions_settings(started):
    found = NetSettings(learning_rate=0.009, dropout=0.4)
    _tune(vars(found))
    assert started == [found]


def test_without_a_champion_it_begins_as_written(started):
    _tune(None)
    assert started == [Training().net]


DATES = [dt.date(2025, month, 1) for month in range(1, 7)]


def _rows(each=40):
    """Return rows of six dates, the last not mature; every fourth customer churns."""
    rows = pd.DataFrame(
        [(f"c{n}", date) for date in DATES for n in range(each)],
        columns=["customer_id", "observation_date"],
    )
    mature = rows["observation_date"] < DATES[-1]
    label = (np.arange(len(rows)) % 4 == 0).astype(float)
    return rows.assign(
        label=np.where(mature, label, np.nan),
        split=np.where(mature, "train", "not_mature"),
        fold=np.where(mature, np.arange(len(rows)) % 2, -1),
    )


def _first(since, least_churners):
    policy = RetrainPolicy(least_churners=least_churners)
    kept = learnt_since(_rows(), since, policy, seed=1)
    assert set(kept.loc[kept["split"] == "train", "fold"]) == {0, 1}
    assert kept["observation_date"].max() == DATES[-1], "what is watched stays"
    return kept["observation_date"].min()


def test_rows_before_a_change_are_not_learnt_from():
    assert _first(dt.date(2025, 4, 1), least_churners=20) == dt.date(2025, 4, 1)


def test_too_few_churners_since_a_change_take_the_dates_before_it():
    # Ten churners a date, of which the last one's are not known.
    assert _first(dt.date(2025, 4, 1), least_churners=21) == dt.date(2025, 3, 1)
    assert _first(dt.date(2025, 4, 1), least_churners=999) == dt.date(2025, 1, 1)


def test_one_node_tunes_and_the_release_ends_it():
    pipeline = retraining.create_pipeline()
    makers = [n.name for n in pipeline.nodes if "net_settings" in n.outputs]
    assert makers == ["tune_net_again"]
    assert "champion" in pipeline.all_outputs()
    assert {"check_tables", "propose_release"} <= {n.name for n in pipeline.nodes}

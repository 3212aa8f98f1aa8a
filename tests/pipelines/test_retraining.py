"""Retraining is the main job from raw tables to the release, but for its start."""

import pytest

from churn_pipeline.models.settings import NetSettings
from churn_pipeline.pipelines import retraining
from churn_pipeline.pipelines.retraining.nodes import tune_net_again
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


def test_one_node_tunes_and_the_release_ends_it():
    pipeline = retraining.create_pipeline()
    makers = [n.name for n in pipeline.nodes if "net_settings" in n.outputs]
    assert makers == ["tune_net_again"]
    assert "champion" in pipeline.all_outputs()
    assert {"check_tables", "propose_release"} <= {n.name for n in pipeline.nodes}

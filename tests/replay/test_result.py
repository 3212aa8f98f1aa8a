"""What is recovered is a share of what the frozen model lost."""

import pytest

from churn_pipeline.replay.picture import draw
from churn_pipeline.replay.result import HAZARD
from tests.replay.results import replayed


def test_the_loop_recovers_a_share_of_what_the_frozen_model_lost():
    found = replayed(frozen=1.0, monthly=3.0, loop=2.8, truth=5.0)
    assert found.recovered() == pytest.approx(0.9)
    assert found.recovered(HAZARD) == pytest.approx(0.45)
    assert found.summary()["profit_recovered"] == pytest.approx(0.9)


def test_more_than_the_monthly_model_earned_is_told_and_counts_as_all():
    summary = replayed(frozen=1.0, monthly=3.0, loop=4.0).summary()
    assert summary["profit_recovered"] == 1.0
    assert summary["profit_recovered_of_monthly"] == pytest.approx(1.5)


def test_where_nothing_was_lost_nothing_is_recovered():
    assert replayed(frozen=3.0, monthly=3.0).summary()["profit_recovered"] is None


def test_the_picture_tells_alarms_releases_and_what_was_planted():
    drawn = draw(replayed())
    assert "90% of the loss recovered with 1 retrainings instead of 1" in drawn
    assert "<title>drift_confirmed</title>" in drawn
    assert ">1.1.0</text>" in drawn
    assert ">other prices</text>" in drawn
    assert "&lt;tenure&gt;" in drawn

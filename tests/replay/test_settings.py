"""What is planted in the simulated company reaches no other data set."""

import pytest

from churn_pipeline.replay.settings import Settings
from churn_pipeline.replay.simulated import simulate_world
from tests.replay.conftest import parameters


def _settings(**described):
    asked = parameters()
    asked["dataset"] |= described
    return Settings.of(asked)


@pytest.mark.parametrize("name", ["company", "test"])
def test_the_simulated_company_has_what_is_planted(name):
    assert _settings(name=name).replay.planted.history_months == 12


def test_another_data_set_has_its_own_history_and_nothing_is_planted():
    found = _settings(name="shop")
    assert (found.replay.planted, found.simulate) == (None, None)


def test_a_company_with_another_label_is_told_the_way_out():
    inactive = {"rule": "inactivity", "horizon_days": 60, "lead_time_days": 0}
    with pytest.raises(ValueError, match=r"take company out of `replay\.planted"):
        simulate_world(_settings(label=inactive))

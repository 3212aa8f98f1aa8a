"""The canary's results: once an hour, and never in its way."""

import datetime as dt

from churn_pipeline.serving.rollout.hourly import Hourly
from churn_pipeline.serving.rollout.spec import Canary, RolloutState

NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
STATE = RolloutState(challenger="v2", percentage=1, canary=Canary())


def test_results_are_counted_once_an_hour():
    asked = []
    hourly = Hourly(lambda: asked.append(1) or [], lambda: None)
    found = [
        hourly(STATE, NOW + dt.timedelta(minutes=minutes))
        for minutes in (0, 1, 59, 60, 61)
    ]
    assert len(asked) == 2
    assert [result is not None for result in found] == [True, False, False, True, False]


def test_without_a_canary_nothing_is_counted():
    hourly = Hourly(lambda: 1 / 0, lambda: None)
    assert hourly(STATE.model_copy(update={"canary": None}), NOW) is None


def test_a_journal_that_cannot_be_read_is_told_and_stops_nothing(caplog):
    hourly = Hourly(lambda: 1 / 0, lambda: None)
    assert hourly(STATE, NOW) is None
    assert "could not be counted" in caplog.text

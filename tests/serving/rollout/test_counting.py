"""The results are counted in nobody's way, once an hour for a canary."""

import datetime as dt
import threading

from churn_pipeline.serving.rollout.counting import Counting, Hourly
from churn_pipeline.serving.rollout.results import results
from churn_pipeline.serving.rollout.spec import Canary, RolloutState
from churn_pipeline.serving.rollout.tally import Tally

NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
STATE = RolloutState(challenger="v2", percentage=1, canary=Canary())


class Slow:
    """Counts when it is let."""

    def __init__(self):
        self.let, self.asked = threading.Event(), []

    def __call__(self, state):
        assert self.let.wait(10)
        self.asked.append(state.version)
        return results(Tally(), state)


def _awaited(hourly, now):
    """What a canary gets once the count that it began, if any, is at its end."""
    found = hourly(STATE, now)
    for thread in threading.enumerate():
        if thread.name == "results":
            thread.join(10)
    return found or hourly(STATE, now)


def test_a_canary_does_not_wait_for_its_results():
    slow = Slow()
    counting = Counting(slow)
    hourly = Hourly(counting)
    assert hourly(STATE, NOW) is None  # begun, and not waited for
    begun = counting.begin(STATE)
    slow.let.set()
    begun.result(10)
    assert hourly(STATE, NOW).challenger == "v2"
    assert slow.asked == [0]  # whoever asked meanwhile got the same


def test_results_are_counted_once_an_hour():
    slow = Slow()
    slow.let.set()
    hourly = Hourly(Counting(slow))
    given = []
    for minutes in (0, 1, 59, 60, 61):
        now = NOW + dt.timedelta(minutes=minutes)
        given.append(_awaited(hourly, now) is not None)
    assert given == [True, False, False, True, False]
    assert len(slow.asked) == 2


def test_results_of_a_state_that_is_over_are_not_given():
    slow = Slow()
    counting = Counting(slow)
    hourly = Hourly(counting)
    hourly(STATE, NOW)
    begun = counting.begin(STATE)
    slow.let.set()
    begun.result(10)
    changed = STATE.model_copy(update={"version": 1})
    assert hourly(changed, NOW) is None


def test_another_state_is_counted_after_the_first():
    slow = Slow()
    counting = Counting(slow)
    first = counting.begin(STATE)
    second = counting.begin(STATE.model_copy(update={"version": 1}))
    slow.let.set()
    first.result(10), second.result(10)
    assert slow.asked == [0, 1]


def test_without_a_canary_nothing_is_counted():
    hourly = Hourly(Counting(lambda state: 1 / 0))
    assert hourly(STATE.model_copy(update={"canary": None}), NOW) is None


def test_a_journal_that_cannot_be_read_is_told_and_stops_nothing(caplog):
    def unreadable(state):
        raise OSError("no disk")

    assert _awaited(Hourly(Counting(unreadable)), NOW) is None
    assert "could not be counted" in caplog.text

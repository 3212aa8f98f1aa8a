"""Limits over a sliding window, counted exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_pipeline.serving.access.counts import RateLimits
from churn_pipeline.serving.access.rates import parse_rate
from churn_pipeline.serving.access.roles import Caller, Rate, Role
from churn_pipeline.serving.refusal import Refusal

DESK = Caller("desk", Role.PREDICT, "a" * 16)
OTHER = Caller("other", Role.PREDICT, "b" * 16)


class Clock:
    def __init__(self, now=6000.0):
        self.now = now

    def __call__(self):
        return self.now


def _admitted(limits, caller, n):
    done = 0
    for _ in range(n):
        try:
            limits.hit(caller)
        except Refusal:
            continue
        done += 1
    return done


def _refused(limits, caller, cost=1):
    """Return the refusal of a request, which says when to ask again."""
    with pytest.raises(Refusal) as refused:
        limits.hit(caller, cost)
    return refused.value


def test_a_key_has_its_limit_and_no_more():
    limits = RateLimits(Rate(10, 60), Clock())
    assert _admitted(limits, DESK, 25) == 10
    assert _admitted(limits, OTHER, 25) == 10


def test_a_keys_own_limit_is_before_that_of_all():
    limits = RateLimits(Rate(10, 60), Clock())
    own = Caller("desk", Role.PREDICT, "a" * 16, Rate(3, 60))
    assert _admitted(limits, own, 25) == 3


def test_nobody_gets_twice_the_limit_around_the_start_of_a_window():
    clock = Clock(6059.9)
    limits = RateLimits(Rate(60, 60), clock)
    assert _admitted(limits, DESK, 100) == 60
    clock.now = 6060.0
    assert _admitted(limits, DESK, 100) == 0
    clock.now = 6090.0  # half of it has faded
    assert _admitted(limits, DESK, 100) == 30


def test_a_window_without_requests_forgets():
    clock = Clock()
    limits = RateLimits(Rate(10, 60), clock)
    assert _admitted(limits, DESK, 25) == 10
    clock.now += 120
    assert _admitted(limits, DESK, 25) == 10


def test_a_clock_set_back_begins_a_window():
    clock = Clock()
    limits = RateLimits(Rate(10, 60), clock)
    assert _admitted(limits, DESK, 25) == 10
    clock.now -= 600
    assert _admitted(limits, DESK, 25) == 10


def test_a_request_may_cost_more_than_one():
    limits = RateLimits(Rate(10, 60), Clock())
    limits.hit(DESK, 8)
    refused = _refused(limits, DESK, 3)
    assert refused.status == 429
    assert dict(refused.headers)[b"retry-after"] == b"%d" % refused.retry_after
    limits.hit(DESK, 2)
    assert _admitted(limits, DESK, 1) == 0


def test_what_can_never_fit_is_refused_without_a_time_to_ask_again():
    with pytest.raises(Refusal, match=r"got 11 more$") as refused:
        RateLimits(Rate(10, 60), Clock()).hit(DESK, 11)
    assert refused.value.headers == ()


@given(
    requests=st.integers(1, 50),
    seconds=st.sampled_from([1, 10, 60, 3600]),
    start=st.floats(0, 1),
    before=st.integers(0, 60),
)
def test_after_the_wait_that_was_told_there_is_room(requests, seconds, start, before):
    clock = Clock((100 + start) * seconds)
    limits = RateLimits(Rate(requests, seconds), clock)
    _admitted(limits, DESK, before)
    clock.now += seconds * 0.7
    _admitted(limits, DESK, 1000)
    clock.now += _refused(limits, DESK).retry_after
    assert _admitted(limits, DESK, 1) == 1


@pytest.mark.parametrize(
    ("text", "rate"),
    [("600/minute", Rate(600, 60)), ("5 per second", Rate(5, 1))],
)
def test_limits_are_written_as_the_limits_library_reads_them(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "many", "0/second", "5/fortnight", "1e9/second"])
def test_what_is_no_limit_is_refused(text):
    with pytest.raises(ValueError, match="expected a limit such as 600/minute"):
        parse_rate(text)

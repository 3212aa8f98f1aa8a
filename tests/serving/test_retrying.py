"""What failed waits twice as long each time, and not at all once it has changed."""

from churn_pipeline.serving.retrying import Retrying


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def tries(retrying, clock, seconds):
    """Return at which seconds something that always fails is tried."""
    at = []
    for second in range(seconds):
        clock.now = float(second)
        if retrying.failure("a") is None:
            at.append(second)
            retrying.failed("a", ValueError("bad"))
    return at


def test_each_wait_is_twice_the_one_before_up_to_a_minute():
    clock = Clock()
    at = tries(Retrying(clock), clock, 300)
    assert at == [0, 2, 6, 14, 30, 62, 122, 182, 242]


def test_until_then_it_says_why():
    retrying, error = Retrying(Clock()), ValueError("bad")
    retrying.failed("a", error)
    assert retrying.failure("a") is error


def test_another_key_is_tried_at_once_and_the_old_one_forgotten():
    clock = Clock()
    retrying = Retrying(clock)
    tries(retrying, clock, 10)
    assert retrying.failure("b") is None
    retrying.keep("b")
    assert retrying.failure("a") is None

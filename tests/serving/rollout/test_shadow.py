"""The shadow: beside, bounded, counted."""

import threading

from churn_pipeline.serving.rollout.shadow import Shadow


def test_what_is_offered_is_worked_off_elsewhere():
    seen = []
    shadow = Shadow(lambda request: seen.append((request, threading.get_ident())))
    assert shadow.offer("a")
    shadow.close()
    ((request, thread),) = seen
    assert request == "a"
    assert thread != threading.get_ident()
    assert (shadow.done, shadow.dropped, shadow.failed) == (1, 0, 0)


def test_a_full_queue_drops_and_counts_and_never_waits():
    free = threading.Event()
    begun = threading.Event()

    def work(_):
        begun.set()
        free.wait(10)

    shadow = Shadow(work, size=2)
    shadow.offer(0)
    begun.wait(10)
    assert [shadow.offer(i) for i in range(1, 6)] == [True, True, False, False, False]
    free.set()
    shadow.close()
    assert (shadow.done, shadow.dropped) == (3, 3)


def test_under_load_nothing_is_taken():
    busy = [True]
    shadow = Shadow(lambda _: None, busy=lambda: busy[0])
    assert not shadow.offer("a")
    busy[0] = False
    assert shadow.offer("b")
    shadow.close()
    assert (shadow.done, shadow.dropped) == (1, 1)


def test_a_model_that_raises_ends_nothing(caplog):
    def work(request):
        raise ValueError(request)

    shadow = Shadow(work)
    for request in "abc":
        shadow.offer(request)
    shadow.close()
    assert shadow.failed == 3
    assert caplog.text.count("the shadow failed") == 1

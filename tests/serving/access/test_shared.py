"""Limits of several processes together, on a real Redis that comes and goes."""

import socket
from contextlib import closing

import pytest

from churn_pipeline.serving.access.counts import RateLimits
from churn_pipeline.serving.access.gate import Access
from churn_pipeline.serving.access.roles import Caller, Rate, Role
from churn_pipeline.serving.access.shared import SharedCounts, shared_counts
from churn_pipeline.serving.refusal import Refusal
from tests.ports import free_port
from tests.redis_server import redis_server

DESK = Caller("desk", Role.PREDICT, "a" * 16)


def now():
    return 6000.0


@pytest.fixture
def port():
    return free_port()


def _process(port, requests=10):
    """Return the limits of one process, and what keeps them with the others."""
    limits = RateLimits(Rate(requests, 60), now)
    return limits, SharedCounts(f"redis://:hidden@127.0.0.1:{port}/0", limits, now)


def _admitted(limits, n):
    done = 0
    for _ in range(n):
        try:
            limits.hit(DESK)
        except Refusal:
            break
        done += 1
    return done


def test_processes_share_a_limit(port, tmp_path):
    with redis_server(tmp_path, port):
        (one, ones), (two, twos) = _process(port), _process(port)
        assert _admitted(one, 6) == 6
        ones.sync()
        assert _admitted(two, 1) == 1
        twos.sync()
        assert _admitted(two, 99) == 3
        twos.sync()
        assert _admitted(one, 1) == 1  # what it knows: it has not asked since
        ones.sync()
        assert _admitted(one, 99) == 0
        assert ones.problem is twos.problem is None


def test_a_redis_killed_in_the_middle_leaves_each_process_its_own_count(
    port, tmp_path, caplog
):
    limits, shared = _process(port)
    with redis_server(tmp_path, port) as server:
        assert _admitted(limits, 4) == 4
        shared.sync()
        server.process.kill()
        server.process.wait()
        assert _admitted(limits, 2) == 2
        for _ in range(3):
            shared.sync()
        assert shared.problem is not None
        assert _admitted(limits, 99) == 4
    assert len(caplog.records) == 1
    assert "hidden" not in caplog.text
    with redis_server(tmp_path, port):  # empty, as after a start without a disk
        shared.sync()
        assert shared.problem is None
        assert _admitted(limits, 99) == 0


def test_a_wrong_password_is_told_without_it(port, tmp_path, caplog):
    limits = RateLimits(Rate(10, 60), now)
    wrong = SharedCounts(f"redis://:wr0ng@127.0.0.1:{port}", limits, now)
    with redis_server(tmp_path, port):
        limits.hit(DESK)
        wrong.sync()
    assert "invalid" in wrong.problem
    assert "wr0ng" not in caplog.text


def test_a_redis_that_hangs_keeps_no_request(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        limits, shared = _process(silent.getsockname()[1])
        limits.hit(DESK)
        shared.start()
        assert _admitted(limits, 99) == 9
        shared.close()


def test_the_thread_tells_redis_by_itself(port, tmp_path):
    with redis_server(tmp_path, port):
        limits, shared = _process(port)
        shared.start()
        limits.hit(DESK)
        (count,) = limits.counts.values()
        while count.shared == (0, 0):
            shared._thread.join(0.01)
            assert shared._thread.is_alive()
        shared.close()
        assert count.shared == (1, 1)
        assert not shared._thread.is_alive()


def test_no_redis_at_the_start_does_not_stop_it(port, tmp_path):
    url = f"redis://127.0.0.1:{port}"
    access = Access(tmp_path, {"CHURN_RATE_STORE": url})
    access.shared.sync()  # nothing counted: nothing asked
    access.limits.hit(DESK)
    access.shared.sync()
    assert access.shared.problem is not None
    access.close()


@pytest.mark.parametrize("url", ["", "memory://"])
def test_by_default_each_process_counts_for_itself(url):
    assert shared_counts({"CHURN_RATE_STORE": url}, RateLimits()) is None


def test_a_url_that_is_none_is_refused_without_its_password():
    with pytest.raises(ValueError, match="expected CHURN_RATE_STORE") as refused:
        shared_counts({"CHURN_RATE_STORE": "amqp://a:s3cret@b"}, RateLimits())
    assert "s3cret" not in str(refused.value)

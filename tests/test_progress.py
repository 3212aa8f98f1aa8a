"""Work that takes long tells so, where no bar can be shown too."""

import io
from threading import Event

import pytest
import rich.console

from churn_pipeline import progress


class _Log(io.StringIO):
    """A file that is no terminal; knows when something was written."""

    def __init__(self):
        super().__init__()
        self.written = Event()

    def write(self, text):
        size = super().write(text)
        self.written.set()
        return size


@pytest.fixture
def log(monkeypatch):
    file = _Log()
    made = rich.console.Console
    monkeypatch.setattr(
        rich.console, "Console", lambda **_: made(file=file, force_terminal=False)
    )
    monkeypatch.setattr(progress, "_SECONDS_A_LINE", 0.01)
    return file


def test_a_log_tells_what_is_under_way_and_how_far_it_is(log):
    with progress.bar("a run", 3), progress.bar("tuning the net", 24) as line:
        line.advance(8)
        log.written.clear()
        assert log.written.wait(30)
    assert "... tuning the net: 8 of 24 done, 0 min so far" in log.getvalue()


def test_of_work_without_steps_the_log_tells_the_time(log):
    with progress.bar("fitting net again"):
        assert log.written.wait(30)
    assert "... fitting net again: 0 min so far" in log.getvalue()


def test_nothing_is_told_once_the_work_is_done(log):
    with progress.bar("a run", 3):
        assert log.written.wait(30)
    told = log.getvalue()
    log.written.clear()
    assert not log.written.wait(0.1)
    assert log.getvalue() == told

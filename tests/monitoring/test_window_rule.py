"""An alarm needs N of the last M windows of the same model, the newest among them."""

import datetime as dt

import pytest

from churn_pipeline.monitoring.history import Moved, Watch
from churn_pipeline.monitoring.window_rule import WindowRule, before, is_confirmed

RULE = WindowRule(n=2, m=3)
NOW = dt.date(2026, 6, 1)


def _watch(month, *, far, model="v1"):
    moved = Moved(effect=0.4 if far else 0.0, limit=0.2, drifted=far)
    return Watch(
        date=dt.date(2026, month, 1), model_version=model, columns={"a": moved}
    )


def _confirmed(*past, drifted=True, rule=RULE):
    windows = before(past, NOW, model_version="v1", rule=rule)
    return is_confirmed("a", drifted=drifted, windows=windows, rule=rule)


def test_the_first_window_alone_confirms_nothing():
    assert not _confirmed()


def test_two_of_three_confirm():
    assert _confirmed(_watch(4, far=True), _watch(5, far=False))
    assert _confirmed(_watch(4, far=False), _watch(5, far=True))


def test_the_newest_window_must_have_drifted():
    assert not _confirmed(_watch(4, far=True), _watch(5, far=True), drifted=False)


def test_older_windows_than_m_do_not_count():
    past = [_watch(3, far=True), _watch(4, far=False), _watch(5, far=False)]
    assert not _confirmed(*past)
    assert _confirmed(*past, rule=WindowRule(n=2, m=4))


def test_windows_of_another_model_and_later_ones_do_not_count():
    assert not _confirmed(_watch(5, far=True, model="v0"), _watch(7, far=True))


def test_a_watch_of_performance_alone_takes_no_window():
    told = Watch(date=dt.date(2026, 5, 2), model_version="v1", estimated={"auc": 0.8})
    past = [_watch(4, far=True), told, _watch(5, far=False)]
    assert _confirmed(*past)


def test_one_of_one_is_an_alarm_at_once():
    assert _confirmed(rule=WindowRule(n=1, m=1))


def test_more_windows_than_are_looked_at_are_refused():
    with pytest.raises(ValueError, match="got n=3 and m=2"):
        WindowRule(n=3, m=2)

"""The log by month: a customer counts once, and who is not mature is not known."""

import datetime as dt

import numpy as np
import pytest

from churn_pipeline.monitoring.windows import Window
from tests.monitoring.logged import (
    TOLD,
    a_day_and_its_shadow,
    labels,
    months,
    say,
    streamed,
    told_either_way,
    write,
)
from tests.serving.journal.made import DAY_NS, NOON, batch, entry


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'what? 100 %.db'}"


def test_labels_of_either_kind_meet_their_predictions(url):
    month = told_either_way(url)
    assert labels(month) == TOLD
    assert (month.month, month.newest) == (dt.date(2026, 1, 1), dt.date(2026, 1, 1))


def test_predictions_of_a_window_are_streamed_without_the_shadows(url):
    a_day_and_its_shadow(url)
    assert streamed(url) == [0.1 + 0.2]
    assert streamed(url, model_version="no such") == []


def test_who_stayed_is_not_known_before_the_horizon_has_passed(url):
    write(url, batch("many", ["a", "b"]))
    early = {"request_id": "many", "churned": False}
    say(url, early | {"row": 0}, day=59)
    say(url, early | {"row": 1}, day=60)
    (month,) = months(url)
    assert labels(month) == [(0.0, 2.0, 1.0), (0.1429, 0.0, 1.0)]


def test_who_left_early_waits_with_the_others(url):
    write(url, entry("one", probability=0.5))
    say(url, {"request_id": "one", "churned": True}, day=5)
    (young,) = months(url, day=59)
    (old,) = months(url, day=60)
    assert (young.matured, labels(young)) == (False, [(0.5, 2.0, 1.0)])
    assert (old.matured, labels(old)) == (True, [(0.5, 1.0, 1.0)])


def test_a_month_has_matured_when_its_newest_answer_has(url):
    late = NOON + 20 * DAY_NS
    write(url, entry("one"), entry("two", customer_id="x", time_ns=late))
    say(url, {"request_id": "one", "churned": True})
    (month,) = months(url, day=70)
    assert not month.matured
    assert month.newest == dt.date(2026, 1, 21)


def test_a_customer_counts_once_a_month_with_the_first_labelled_answer(url):
    times = [NOON + at * DAY_NS for at in (0, 1, 2, 31)]
    write(
        url,
        *(
            entry(f"r{at}", time_ns=time, probability=at / 10)
            for at, time in enumerate(times)
        ),
    )
    say(url, *({"request_id": f"r{at}", "churned": True} for at in (1, 2)))
    january, february = months(url)
    assert labels(january) == [(0.1, 1.0, 1.0)]
    assert labels(february) == [(0.3, 2.0, 1.0)]


def test_customers_without_a_name_are_each_one(url):
    write(url, batch("many", [None, None]), entry("one", customer_id=None))
    (month,) = months(url)
    assert month.cells.n == 3


def test_answers_of_another_version_or_of_a_shadow_do_not_count(url):
    write(url, entry("one"), entry("two", model_version="other"))
    write(url, entry("one", variant="shadow"), part="two")
    (month,) = months(url)
    assert month.cells.n == 1
    assert months(url, model_version="no such") == []


def test_the_usual_value_is_taken_where_none_is_logged(url):
    write(url, entry("one", value=250.0), entry("two", customer_id="x"))
    (month,) = months(url, usual_value=80.0)
    assert np.sum(month.cells.value * month.cells.rows) == 330.0


def test_calls_are_told_from_the_others(url):
    write(url, entry("one"), entry("two", customer_id="x", decision="no_call"))
    (month,) = months(url)
    assert np.sum(month.cells.rows[month.cells.called]) == 1


def test_a_window_without_a_day_is_refused():
    with pytest.raises(ValueError, match="ends after its first day"):
        Window(dt.date(2026, 1, 1), dt.date(2026, 1, 1))

"""What is drawn of a month alone is seen: an axis of days, a band with a width."""

import datetime as dt

from churn_pipeline.monitoring.estimate import Measured
from churn_pipeline.monitoring.performance_figures import SHOWN, by_month

NOVEMBER, DECEMBER = dt.date(2026, 11, 21), dt.date(2026, 12, 21)


def _figure(*dates):
    found = [(date, Measured(value=0.8, low=0.7, high=0.9)) for date in dates]
    none = {name: [] for name in SHOWN}
    estimated = none | {"roc_auc": found}
    return by_month("", estimated=estimated, realised=none, reference={})


def test_one_date_alone_stands_on_an_axis_of_days():
    axis = _figure(NOVEMBER).layout.xaxis
    assert axis.range == (dt.date(2026, 11, 11), dt.date(2026, 12, 1))
    assert axis.tickvals == (NOVEMBER,)
    assert _figure(NOVEMBER, DECEMBER).layout.xaxis.range is None


def test_the_interval_of_one_date_alone_has_a_width():
    band = _figure(NOVEMBER).data[0]
    before, after = dt.date(2026, 11, 16), dt.date(2026, 11, 26)
    assert band.x == (before, after, after, before)
    assert band.y == (0.9, 0.9, 0.7, 0.7)
    of_two = _figure(NOVEMBER, DECEMBER).data[0]
    assert of_two.x == (NOVEMBER, DECEMBER, DECEMBER, NOVEMBER)

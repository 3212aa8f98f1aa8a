"""The churn rate is judged by labels that have matured, and by nothing else."""

import datetime as dt

import numpy as np

from churn_pipeline.monitoring.drift import DriftRule
from churn_pipeline.monitoring.target import target_drift

RULE = DriftRule()
MONTHS = np.arange("2024-01", "2024-09", dtype="datetime64[M]").astype("datetime64[D]")
LAST = dt.date(2024, 8, 1)


def _labels(*rates, n=1000, months=MONTHS):
    one = [np.arange(n) < rate * n for rate in rates]
    return np.concatenate(one).astype(float), months[: len(rates)].repeat(n)


def _judged(*rates, until=LAST, known=6):
    labels, dates = _labels(*rates)
    before = dates <= MONTHS[known - 1]
    return target_drift(
        (labels[before], dates[before]), (labels, dates), until=until, rule=RULE
    )


def test_a_churn_rate_that_rose_by_half_has_drifted():
    found = _judged(0.15, 0.16, 0.14, 0.15, 0.16, 0.14, 0.15, 0.24)
    assert found.drifted
    assert (found.rate, found.date, found.rows) == (0.24, LAST, 1000)
    assert found.low < 0.24 < found.high
    assert found.reference == 0.15


def test_a_churn_rate_within_what_dates_differ_by_has_not():
    assert not _judged(0.10, 0.20, 0.12, 0.18, 0.11, 0.19, 0.15, 0.21).drifted


def test_a_fall_is_a_drift_too():
    assert _judged(0.15, 0.16, 0.14, 0.15, 0.16, 0.14, 0.15, 0.06).drifted


def test_no_newer_label_is_no_verdict():
    assert _judged(0.15, 0.16, 0.14, 0.15, 0.16, 0.14) is None


def test_labels_that_have_not_matured_are_no_stayers():
    labels, dates = _labels(0.15, 0.16, 0.14, 0.15, 0.16, 0.14, 0.15)
    known = (labels[:6000], dates[:6000])
    labels[6000:] = np.nan
    assert target_drift(known, (labels, dates), until=LAST, rule=RULE) is None


def test_labels_of_later_dates_than_the_one_judged_are_left_out():
    rates = (0.15, 0.16, 0.14, 0.15, 0.16, 0.14, 0.15, 0.6)
    found = _judged(*rates, until=dt.date(2024, 7, 15))
    assert (found.rate, found.drifted) == (0.15, False)

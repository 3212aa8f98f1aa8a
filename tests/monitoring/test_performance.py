"""What is worse is told from chance, and what was estimated is kept as it was told."""

import datetime as dt

import numpy as np
import pytest

from churn_pipeline.monitoring.cells import Cells
from churn_pipeline.monitoring.cohorts import Judge, Month, segmented
from churn_pipeline.monitoring.estimate import UNSEEN, Measured
from churn_pipeline.monitoring.history import Watch
from churn_pipeline.monitoring.params import PerformanceReporting
from churn_pipeline.monitoring.performance import find_worse, realised, watches
from churn_pipeline.monitoring.performance_report import Limits
from churn_pipeline.monitoring.wander import Wander
from tests.factories import DECISION

SURE = Wander(np.array([1.0, 1.0, 0.0]), *np.zeros((3, 3, 3)), 0, dates=12, rows=9000)
UNTIL = dt.date(2026, 2, 15)
VERSION = "2026-01-01T00.00.00.000Z"


def _measured(value, width=0.02):
    return Measured(value=value, low=value - width / 2, high=value + width / 2)


def _cells(seed, *, factor=1.0, known=True, n=4000):
    """Customers of whom `factor` times as many churn as their probabilities say."""
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 4, n)
    y = (rng.random(n) < p * factor).astype(float) if known else None
    called = p >= DECISION.break_even
    return Cells.of(p, called=called, value=np.full(n, 800.0), label=y)


def _month(number, **given):
    known = given.get("known", True)
    date = dt.date(2026, number, 1)
    return Month(date, date, _cells(number, **given), matured=known)


def _judge(**rule):
    parameters = PerformanceReporting(draws=60, segment_draws=20, **rule)
    reference = realised(_cells(0), DECISION, draws=60, coverage=0.95, seed=0)
    return Judge(VERSION, UNTIL, DECISION, SURE, reference, parameters, seed=0)


def test_quiet_months_are_as_good_as_stated():
    months = [_month(3), _month(4), _month(5, known=False)]
    report = _judge().report(months, [], dt.date(2026, 5, 1))
    assert (report.degraded, report.expected, report.reasons) == (False, False, ())
    assert report.realised_month == dt.date(2026, 4, 1)
    assert (report.rows, report.matured) == (12_000, 8_000)
    assert report.in_words == (
        "As good as stated by the labels of 2026-04; of 2026-05-01 it is estimated to "
        "be as good as at the release."
    )
    assert report.unseen == UNSEEN


def test_a_concept_change_is_found_by_its_labels_and_by_them_alone():
    quiet, changed = _month(3), _month(4, factor=0.75)
    unknown = _month(4, factor=0.75, known=False)
    before = _judge().report([quiet, unknown], [], dt.date(2026, 4, 1))
    assert not before.degraded
    assert not before.expected, "no label, no sign"
    after = _judge().report([quiet, changed], [], dt.date(2026, 4, 1))
    assert after.degraded
    assert not after.confirmed, "one month alone"
    assert {"churn_rate", "profit"} <= set(after.cohorts[-1].missed)
    assert after.reasons[0].startswith("2026-04: churn rate is 0.")
    assert "concept change" in after.reasons[-1]


def test_a_month_that_is_far_beyond_a_limit_needs_no_other():
    months = [_month(3), _month(4, factor=0.5)]
    assert _judge().report(months, [], dt.date(2026, 4, 1)).confirmed
    patient = Limits(at_once=100)
    late = _judge(limits=patient).report(months, [], dt.date(2026, 4, 1))
    assert late.degraded
    assert not late.confirmed


def test_two_of_three_months_confirm_it():
    months = [_month(3), _month(4, factor=0.75), _month(5, factor=0.75)]
    report = _judge().report(months, [], dt.date(2026, 5, 1))
    assert report.degraded
    assert report.confirmed


def test_a_month_that_has_not_matured_has_no_realised_value_though_some_left():
    early = Month(dt.date(2026, 4, 1), dt.date(2026, 4, 1), _cells(1), matured=False)
    cohort = _judge().cohort(early)
    assert (cohort.realised, cohort.labelled, cohort.churners) == ({}, 0, 0)


def test_a_month_of_too_few_is_not_judged():
    few = Month(dt.date(2026, 4, 1), dt.date(2026, 4, 1), _cells(1, n=90), matured=True)
    assert _judge().cohort(few).realised == {}
    assert _judge(min_rows=50, min_churners=5).cohort(few).realised != {}


def test_labels_that_are_too_few_to_judge_by_are_not_said_to_be_none():
    report = _judge().report([_month(3, n=90)], [], dt.date(2026, 3, 1))
    assert report.realised is None
    assert report.in_words.startswith(
        "90 labels have matured since the release, too few to judge by; of 2026-03-01"
    )
    one = report.model_copy(update={"matured": 1}).in_words
    assert one.startswith("One label has matured since the release, too few")
    none = report.model_copy(update={"matured": 0}).in_words
    assert none.startswith("No label has matured since the release; of")


def test_months_whose_days_the_labels_learnt_from_look_at_are_marked():
    assert [_judge().cohort(_month(m)).overlapping for m in (2, 3)] == [True, False]


def test_the_log_is_judged_where_there_are_no_features():
    month = _month(3)
    logged = Month(month.month, month.date, month.cells, matured=True, source="log")
    alone = _judge().report([logged], [], dt.date(2026, 3, 1))
    assert (alone.rows, alone.realised is None) == (4000, False)
    both = _judge().report([logged, _month(4)], [], dt.date(2026, 4, 1))
    assert [c.source for c in both.cohorts] == ["features", "log"]
    assert (both.rows, both.realised_month) == (4000, dt.date(2026, 4, 1))
    assert segmented([logged]) is None


def test_nothing_newer_is_said_to_be_nothing():
    report = _judge().report([], [], dt.date(2026, 1, 1))
    assert report.in_words.startswith("Nothing newer than what the model learnt from")
    assert (report.estimated, report.realised, report.degraded) == ({}, None, False)


def test_a_drop_counts_beyond_its_limit_and_beyond_chance():
    reference = {"roc_auc": _measured(0.9)}
    limits = Limits(roc_auc=0.05)
    for now, width, found in ((0.86, 0.02, 0), (0.84, 0.02, 1), (0.84, 0.3, 0)):
        seen = {"roc_auc": _measured(now, width)}
        assert len(find_worse({}, seen, reference, limits)) == found, (now, width)


def test_an_estimate_that_is_worse_is_expected_and_not_seen():
    estimated = {"roc_auc": _measured(0.8), "profit": _measured(1.0)}
    (worse,) = find_worse(estimated, {}, {"roc_auc": _measured(0.9)}, Limits())
    assert not worse.seen
    assert worse.in_words == (
        "ROC AUC is estimated to be 0.8, at its release 0.9: further than 0.05, and "
        "beyond chance."
    )


def test_more_profit_or_less_loss_than_estimated_is_not_worse():
    estimated = {"profit": _measured(5.0), "log_loss": _measured(0.3)}
    better = {"profit": _measured(9.0), "log_loss": _measured(0.1)}
    assert find_worse(estimated, better, {}, Limits()) == ()
    worse = {"profit": _measured(2.0), "log_loss": _measured(0.5)}
    names = [found.metric for found in find_worse(estimated, worse, {}, Limits())]
    assert names == ["log_loss", "profit"]


def test_an_estimate_is_kept_as_it_was_told_first():
    report = _judge().report([_month(3, known=False)], [], dt.date(2026, 3, 1))
    (first,) = watches(report, [])
    assert first.estimated["roc_auc_low"] < first.estimated["roc_auc"]
    assert first.realised == {}
    later = _judge().report([_month(3)], [], dt.date(2026, 3, 1))
    (second,) = watches(later, [first])
    assert second.estimated == {}
    assert second.realised["roc_auc"] == later.realised["roc_auc"].value
    assert watches(later, [first.updated(second)]) == []


def test_another_models_watch_is_not_taken_for_ours():
    report = _judge().report([_month(3)], [], dt.date(2026, 3, 1))
    other = Watch(date=dt.date(2026, 3, 1), model_version="x", estimated={"roc_auc": 1})
    (told,) = watches(report, [other])
    assert told.estimated


def test_the_interval_of_the_realised_value_is_that_of_a_resample():
    p = np.full(2500, 0.2)
    y = (np.arange(2500) % 5 == 0).astype(float)
    cells = Cells.of(p, called=p > 0.5, value=np.ones(2500), label=y)
    rate = realised(cells, DECISION, draws=400, coverage=0.95, seed=0)["churn_rate"]
    assert rate.value == pytest.approx(0.2)
    assert rate.high - rate.low == pytest.approx(4 * 0.008, rel=0.2)

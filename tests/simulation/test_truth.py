from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from churn_pipeline.simulation.calendar import Months
from churn_pipeline.simulation.customers import draw_customers
from churn_pipeline.simulation.events import Company
from churn_pipeline.simulation.truth import (
    Window,
    inactivity_probability,
    update_belief,
    windows,
)


def one(value: float) -> np.ndarray:
    return np.array([value])


def test_a_purchase_proves_that_a_customer_was_there() -> None:
    after = update_belief(
        one(0.3), one(1), one(30.0), hazard=one(0.1), rate=one(0.1), length=30.0
    )
    # Bought on the last day: only staying explains it.
    assert after[0] == pytest.approx(1.0)


def test_silence_lowers_the_belief_by_bayes_rule() -> None:
    after = update_belief(
        one(0.8), one(0), one(0.0), hazard=one(0.2), rate=one(0.1), length=10.0
    )
    stayed = 0.8 * np.exp(-1.0)
    left = 0.2 * (1 - np.exp(-1.0))
    assert after[0] == pytest.approx(0.8 * stayed / (0.8 * (stayed + left) + 0.2))


def test_without_a_hazard_inactivity_is_an_empty_poisson_horizon() -> None:
    parts = [Window(0, 30.0, 5.0, 30.0), Window(1, 31.0, 0.0, 20.0)]
    found = inactivity_probability(
        one(1.0), [one(0.1), one(0.2)], [one(0.0), one(0.0)], parts
    )
    assert found[0] == pytest.approx(np.exp(-0.1 * 25 - 0.2 * 20))


def test_who_is_gone_is_inactive_for_certain() -> None:
    parts = [Window(0, 30.0, 0.0, 30.0)]
    assert inactivity_probability(one(0.0), [one(1.0)], [one(0.1)], parts)[0] == 1.0


def test_a_horizon_is_cut_into_months_after_the_lead_time() -> None:
    months = Months.make(dt.date(2025, 1, 1), 6)
    found = windows(months, 1, lead_days=10, horizon_days=60)
    assert [(w.month, w.begin, w.end) for w in found] == [
        (1, 10.0, 28.0),
        (2, 0.0, 31.0),
        (3, 0.0, 11.0),
    ]


def test_a_horizon_beyond_the_calendar_is_refused() -> None:
    months = Months.make(dt.date(2025, 1, 1), 6)
    with pytest.raises(ValueError, match="shorten the label's horizon"):
        windows(months, 6, lead_days=0, horizon_days=400)


def outcomes(company, label, size=12_000):
    """Return true probability, label and contract of each observed row, by date.

    Those whose contract has ended are left out, as the features leave them out.
    """
    months = Months.make(company.start, company.months)
    rng = np.random.default_rng(7)
    customers = draw_customers(rng, company, months, 0, size)
    life = Company(rng, customers, months, company, label).live()
    bought = [e for e in life.events if e.kind.size and e.kind[0] == 0]
    who = np.concatenate([e.customer for e in bought])
    time = np.concatenate([e.time for e in bought])
    for truth in life.truths[2:-2]:
        begin, end = truth.day + 1, truth.day + 61
        runs = customers.has_contract & (life.exit_day > truth.day)
        ends = life.exit_day < end
        active = np.zeros(size, dtype=bool)
        active[who[(time >= begin) & (time < end)]] = True
        churned = np.where(runs, ends, ~active)
        left = (customers.has_contract & ~runs)[truth.customer]
        assert left.any()
        assert (truth.probability[left] == 1).all()
        there = truth.customer[~left]
        yield truth.probability[~left], churned[there], runs[there]


def test_the_true_probability_is_that_of_the_label(company, label) -> None:
    rows = [np.concatenate(part) for part in zip(*outcomes(company, label))]
    probability, churned, runs = rows
    for group in (runs, ~runs):
        edges = np.quantile(probability[group], np.linspace(0, 1, 11)[1:-1])
        decile = np.digitize(probability[group], edges)
        for index in np.unique(decile):
            p = probability[group][decile == index]
            y = churned[group][decile == index]
            # Horizons of neighbouring dates overlap: errors twice the binomial's.
            error = 2 * np.sqrt(np.sum(p * (1 - p))) / len(p) + 1e-9
            assert abs(y.mean() - p.mean()) < 4 * error


def test_churn_is_neither_rare_nor_common_and_can_be_told(company, label) -> None:
    from sklearn.metrics import roc_auc_score

    rows = [np.concatenate(part) for part in zip(*outcomes(company, label, 4000))]
    probability, churned, _ = rows
    assert 0.08 < churned.mean() < 0.2
    assert 0.8 < roc_auc_score(churned, probability) < 0.97


def test_the_company_is_neither_new_nor_fading(company, label) -> None:
    sizes = [len(chance) for chance, _, _ in outcomes(company, label, 4000)]
    # 1 July 2024 against 1 July 2025, before the drift.
    assert 0.75 < sizes[15] / sizes[3] < 1.25

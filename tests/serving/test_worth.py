"""What calls are expected to be worth is what the decision says of each."""

import math

import pytest

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.worth import Worth
from tests.factories import tiny_artifact
from tests.serving.apps import app_of, client_of

COSTS = Decision(
    customer_value=600.0,
    contact_cost=5.0,
    offer_cost=50.0,
    success_rate=0.25,
    stayer_acceptance=0.5,
)
NAMES = ("shop", "1.0.0", "champion")


def test_what_is_spent_and_who_is_kept_adds_up_to_the_profit():
    made, chances = Worth(COSTS), (0.5, 0.9)
    for chance in chances:
        made.add(1, chance, float(COSTS.expected(chance, 600.0)))
    assert made.saves == pytest.approx(0.25 * 1.4)
    # two calls at 5, and offers of 50 to 0.35 who would leave and 0.3 who would stay
    assert made.spend == pytest.approx(10 + 50 * (0.35 + 0.3))
    assert made.profit == pytest.approx(600 * made.saves - made.spend)


@pytest.mark.parametrize("profit", [math.inf, math.nan])
def test_one_absurd_customer_does_not_hide_all_others(profit):
    made = Worth(COSTS)
    made.add(1, 0.5, 10.0)
    made.add(1, 0.5, profit)
    assert (made.calls, made.profit) == (1, 10.0)


def test_a_model_has_its_own_sum():
    made = Metrics()
    made.worth(*NAMES, COSTS).add(1, 0.5, 10.0)
    made.worth(*NAMES, COSTS).add(1, 0.5, 10.0)
    made.worth("shop", "2.0.0", "challenger", COSTS).add(1, 0.5, 7.0)
    of = ("model", "shop"), ("version", "1.0.0"), ("variant", "champion")
    found = made.samples()
    assert found["churn_expected_profit_total", of] == 20.0
    assert found["churn_expected_saves_total", of] == 0.25
    assert sum(s[0] == "churn_expected_spend_total" for s in found) == 2


def test_one_customer_and_many_count_the_profit_of_those_to_call():
    app = app_of(tiny_artifact())
    client = client_of(app)
    rows = [
        {"tenure_months": float(months), "monthly_charge": 20.5, "plan": "basic"}
        for months in range(0, 120, 10)
    ]
    told = [client.post("/predict", json=row).json() for row in rows]
    told += client.post("/predict_batch", json=rows).json()["predictions"]
    calls = [one for one in told if one["decision"] == "call"]
    assert 0 < len(calls) < len(told)
    found = app.parts.metrics.samples()
    (profit,) = [v for s, v in found.items() if s[0] == "churn_expected_profit_total"]
    assert profit == pytest.approx(sum(one["expected_profit"] for one in calls))

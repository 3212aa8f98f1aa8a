"""Who is called follows from stated values and costs, one or one for each customer."""

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churn_pipeline.evaluation.decision import CustomerValue
from tests.factories import COSTS

BY_CHARGE = {"column": "charge", "times": 12, "otherwise": 100}


def test_the_threshold_is_the_break_even_and_never_below():
    assert COSTS.break_even == pytest.approx(5 / 49)
    at = COSTS.break_even
    expected = COSTS.expected([at - 0.01, at, at + 0.01], 100)
    assert expected[0] < 0 < expected[2]
    assert expected[1] == pytest.approx(0, abs=1e-12)


def test_a_contact_at_the_break_even_probability_earns_nothing():
    at = COSTS.break_even
    assert at * COSTS.gain_of_churner + (1 - at) * COSTS.gain_of_stayer == (
        pytest.approx(0.0)
    )


def test_who_is_worth_more_is_called_from_a_lower_probability_on():
    thresholds = COSTS.threshold([1000.0, 100.0, 10.0, 0.0])
    assert thresholds[:2].tolist() == pytest.approx([5 / 499, 5 / 49])
    assert thresholds[2] == pytest.approx(5 / 4)  # never: nothing is left of the offer
    assert np.isinf(thresholds[3])
    assert COSTS.expected(thresholds[:3], [1000.0, 100.0, 10.0]).tolist() == (
        pytest.approx([0.0, 0.0, 0.0])
    )


def test_the_same_expected_profit_is_the_same_equivalent_probability():
    value, p = np.array([1000.0, 100.0]), np.array([0.05, 0.05 * 499 / 49])
    expected, equivalent = COSTS.expected(p, value), COSTS.equivalent(p, value)
    assert expected[0] == pytest.approx(expected[1])
    assert equivalent[0] == pytest.approx(equivalent[1])
    assert COSTS.equivalent(p, 100.0).tolist() == p.tolist()


@pytest.mark.parametrize("kind", [dict, pd.DataFrame, pa.table])
def test_a_column_says_what_each_customer_is_worth(kind):
    decision = dataclasses.replace(COSTS, customer_value=BY_CHARGE)
    columns = kind({"charge": [20.0, None, 0.0], "other": [1, 2, 3]})
    assert decision.values(columns, 3).tolist() == [240.0, 100.0, 0.0]
    assert decision.usual_value == 100
    assert decision.break_even == COSTS.break_even
    assert decision.value_column == "charge"


def test_one_number_is_the_same_for_everybody():
    assert COSTS.values({}, 3).tolist() == [100.0, 100.0, 100.0]
    assert COSTS.value_column is None


@pytest.mark.parametrize(
    ("charge", "message"),
    [
        ([20.0, -1.0, -2.0], "numbers of 0 or more in charge, got 2 others, as -1"),
        ([20.0, np.inf], "got 1 others, as inf"),
        ([20.0, "much"], "expected numbers in the column charge, got 'much'"),
    ],
)
def test_values_that_are_none_are_refused(charge, message):
    value = CustomerValue("charge", otherwise=100, times=12)
    with pytest.raises(ValueError, match=message):
        value.of({"charge": charge})


def test_a_column_that_is_not_there_is_named():
    value = CustomerValue("charge", otherwise=100)
    message = "expected one of the columns of model_input, got 'charge'"
    with pytest.raises(ValueError, match=message):
        value.of(pd.DataFrame({"charges": [1.0]}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"success_rate": 1.5}, "decision.success_rate: expected a number from 0 to 1"),
        ({"offer_cost": -1}, "decision.offer_cost: expected .* got -1"),
        ({"contact_cost": float("nan")}, "decision.contact_cost"),
        ({"contact_cost": "5"}, "decision.contact_cost: .* got '5'"),
        ({"customer_value": 5}, "sure to leave must earn money"),
        ({"customer_value": "600"}, "decision.customer_value: .* got '600'"),
        ({"capacity": 0}, "decision.capacity: expected a whole number .* got 0"),
        ({"customer_value": {"column": "x"}}, "got one without otherwise"),
        ({"customer_value": BY_CHARGE | {"otherwise": 5}}, "sure to leave must earn"),
        ({"customer_value": BY_CHARGE | {"times": 0}}, "value.times: .* above 0"),
        ({"customer_value": BY_CHARGE | {"time": 2}}, "did you mean 'times'"),
    ],
)
def test_impossible_costs_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(COSTS, **change)


def test_what_goes_into_a_model_tells_whether_its_costs_are_assumed():
    placeholder = dataclasses.replace(COSTS, capacity=9, assumed=True)
    assert placeholder.of_the_model == dataclasses.replace(COSTS, assumed=True)
    assert placeholder.costs == COSTS

"""Whom to call today: the newest list, within a budget, and as a file."""

import csv
import io

import pytest

from churn_pipeline.serving.desk.calls import Budget, ToCall, within
from tests.serving.desk.files import LIST, VERSION, leave_list

CALLS, FILE = "/desk/calls", "/desk/calls.csv"


def test_the_newest_list_is_told_with_reasons_and_worth(client, outputs):
    leave_list(outputs, "2026-01-01T06.00.00.000Z", LIST.head(1))
    told = client.get(CALLS).json()
    assert (told["written"], told["currency"]) == (VERSION, "EUR")
    assert (told["listed"], told["kept_aside"], told["taken"]) == (3, 1, 3)
    assert (told["expected_profit"], told["expected_spend"]) == (60.5, 36.0)
    assert told["rows"][0] == {
        "rank": 1,
        "customer_id": "C-2",
        "churn_probability": 0.9,
        "expected_profit": 30.0,
        "expected_spend": 10.0,
        "certainty": "leaves",
        "reasons": ["Plan: basic (typically plus)", "Months: 3 (typically 20)"],
        "about": {"region": "north"},
    }


@pytest.mark.parametrize(
    ("budget", "taken"),
    [("", 3), ("calls=2", 2), ("money=22", 2), ("money=21.9", 1), ("calls=0", 0)],
)
def test_a_budget_cuts_the_list(client, outputs, budget, taken):
    told = client.get(f"{CALLS}?{budget}").json()
    assert told["taken"] == len(told["rows"]) == taken
    lines = client.get(f"{FILE}?{budget}").text.splitlines()
    assert len(lines) == 1 + taken


def test_money_that_is_enough_to_the_cent_is_enough():
    rows = [
        ToCall(
            rank=rank,
            customer_id=f"C-{rank}",
            churn_probability=0.5,
            expected_profit=9.0,
            expected_spend=1.1,
            certainty="leaves",
            reasons=[],
            about={},
        )
        for rank in range(1, 5)
    ]
    assert 1.1 + 1.1 + 1.1 > 3.3
    assert len(within(rows, Budget(money=3.3))) == 3
    assert len(within(rows, Budget(money=3.29))) == 2


@pytest.mark.parametrize(
    "budget", ["calls=1.5", "calls=-1", "money=nan", "money=much", "limit=3"]
)
def test_a_budget_that_is_none_is_refused(client, outputs, budget):
    refused = client.get(f"{CALLS}?{budget}")
    assert refused.status_code == 422
    assert "expected" in refused.json()["message"]


def test_the_file_is_safe_to_open_in_a_spreadsheet(client, outputs):
    answer = client.get(FILE)
    assert answer.headers["content-disposition"] == 'attachment; filename="calls.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == [
        *("Rank", "Customer", "Risk of leaving", "Call is expected to earn (EUR)"),
        *("and to cost (EUR)", "How sure", "Why", "region"),
    ]
    assert rows[1][:3] == ["1", "C-2", "90%"]
    assert rows[1][5] == "expected to leave"
    assert rows[2][1] == "'=cmd|'/c calc'!A0"
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)


def test_without_a_list_that_is_said(client):
    told = client.get(CALLS).json()
    assert (told["written"], told["rows"]) == ("", [])
    running = client.get("/desk/running").json()
    listed = "Nothing yet: `kedro run --pipelines scoring --env tiny`"
    assert running["calls"]["absent"] == listed
    watched = "Nothing yet: `kedro run --pipelines monitoring --env tiny`"
    assert running["drift"]["absent"] == watched
    assert "--percentage 5 --env tiny` begins one" in running["no_experiment"]

"""The endpoints' answers: changes that are let through, and refusals that explain."""

import json
import re
from dataclasses import dataclass

import pytest

from churn_pipeline.serving.refusal import Refusal
from churn_pipeline.serving.rollout.answers import (
    abort_rollout,
    get_rollout,
    put_rollout,
)
from churn_pipeline.serving.rollout.state import Rollout
from tests.conftest import ROOT


@dataclass(frozen=True)
class Ada:
    name: str = "ada"


@pytest.fixture
def rollout(tmp_path):
    return Rollout(tmp_path / "rollout.json")


def _body(**values):
    return {"version": 0, "why": "try", "challenger": "v2", "percentage": 5, **values}


def _refused(rollout, body, known=None):
    with pytest.raises(Refusal) as caught:
        put_rollout(rollout, body, Ada(), known)
    problem = caught.value.problems[0]
    return caught.value.status, problem.code, problem.field


def test_a_change_is_made_in_the_callers_name(rollout):
    assert put_rollout(rollout, _body(), Ada(), {"v2"}).percentage == 5
    assert get_rollout(rollout).challenger == "v2"
    (entry,) = rollout.ledger.read()
    assert (entry.who, entry.why) == ("ada", "try")


def test_a_version_that_is_kept_from_customers_is_tried_as_a_shadow_alone(rollout):
    def closed(version):
        return "eve rejected 1.2.0: unfair"

    with pytest.raises(Refusal) as caught:
        put_rollout(rollout, _body(), Ada(), {"v2"}, closed=closed)
    problem = caught.value.problems[0]
    assert (caught.value.status, problem.code) == (422, "closed_version")
    assert "eve rejected 1.2.0: unfair" in problem.received
    assert rollout.ledger.read() == []
    asked = {"version": 0, "why": "w", "shadow": "v2"}
    assert put_rollout(rollout, asked, Ada(), {"v2"}, closed=closed).shadow == "v2"


def test_one_that_was_closed_since_gets_no_more_customers_and_can_be_stopped(rollout):
    def closed(version):
        return "eve rejected 1.2.0: unfair"

    put_rollout(rollout, _body(), Ada(), {"v2"})
    for more in ({"percentage": 50}, {"overrides": {"c1": "challenger"}}):
        with pytest.raises(Refusal, match="eve rejected"):
            asked = {"version": 1, "why": "w", **more}
            put_rollout(rollout, asked, Ada(), {"v2"}, closed=closed)
    stop = {"version": 1, "why": "w", "percentage": 0}
    assert put_rollout(rollout, stop, Ada(), set(), closed=closed).percentage == 0


def test_a_body_is_not_altered(rollout):
    body = _body()
    put_rollout(rollout, body, Ada())
    assert body == _body()


def test_0_percent_is_taken(rollout):
    put_rollout(rollout, _body(), Ada())
    state = put_rollout(rollout, {"version": 1, "why": "w", "percentage": 0}, Ada())
    assert state.percentage == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], (422, "invalid_value", "")),
        (_body(percentage=101), (422, "out_of_range", "percentage")),
        (_body(percentage="many"), (422, "invalid_value", "percentage")),
        (_body(why=None), (422, "invalid_value", "why")),
        ({"percentage": 5}, (422, "missing_field", "why")),
        ({"why": "w"}, (422, "missing_field", "version")),
        (_body(canary={"steps": []}), (422, "invalid_value", "canary.steps")),
        (_body(challenger=None), (422, "invalid_value", "")),
        (_body(version=7), (409, "stale_version", "")),
    ],
)
def test_a_body_that_makes_no_sense_is_refused(rollout, body, expected):
    assert _refused(rollout, body) == expected
    assert get_rollout(rollout).version == 0


def test_a_version_that_nobody_can_serve_is_refused(rollout):
    found = _refused(rollout, _body(), known={"v1"})
    assert found == (422, "unknown_version", "challenger")
    assert _refused(rollout, _body(shadow="v9"), {"v2"})[2] == "shadow"


def test_an_altered_file_is_refused_without_a_trace(rollout):
    put_rollout(rollout, _body(), Ada())
    rollout.path.write_text(rollout.path.read_text().replace("5.0", "6.0"))
    assert _refused(rollout, _body(version=1))[:2] == (500, "rollout_altered")


def test_where_the_files_lie_is_told_to_nobody_but_the_log(rollout, caplog):
    put_rollout(rollout, _body(), Ada())
    rollout.path.write_text("{")
    with pytest.raises(Refusal) as caught:
        put_rollout(rollout, _body(version=1), Ada())
    assert str(rollout.path) not in str(caught.value)
    assert str(rollout.path) in caplog.text


@pytest.mark.parametrize(
    "values",
    [
        {"exclude": [{"feature": "age", "at_least": float("nan")}]},
        {"exclude": [{"feature": "age", "below": float("inf")}]},
        {"exclude": [{"feature": "age", "equals": float("nan")}]},
        {"exclude": [{"feature": "age", "one_of": [1, float("-inf")]}]},
        {"planned": 10**400},
        {"level": float("nan")},
        {"canary": {"steps": [float("nan")]}},
    ],
)
def test_what_could_not_be_read_again_is_not_written(rollout, values):
    put_rollout(rollout, _body(), Ada())
    status, _, field = _refused(rollout, _body(version=1, **values))
    assert (status, field.split(".")[0]) == (422, next(iter(values)))
    assert Rollout(rollout.path).state == rollout.state


def test_an_abort_says_why(rollout):
    put_rollout(rollout, _body(), Ada())
    with pytest.raises(Refusal, match="why"):
        abort_rollout(rollout, {}, Ada())
    assert abort_rollout(rollout, {"why": "harm"}, Ada()).percentage == 0


def test_the_champion_is_no_shadow_of_itself(rollout):
    with pytest.raises(Refusal, match="another version than the champion's") as caught:
        put_rollout(rollout, _body(shadow="v1"), Ada(), champion="v1")
    assert (caught.value.status, caught.value.problems[0].field) == (422, "shadow")
    assert get_rollout(rollout).version == 0
    assert put_rollout(rollout, _body(shadow="v2"), Ada(), champion="v1").shadow == "v2"


def test_the_body_that_the_page_shows_is_taken(rollout):
    page = (ROOT / "docs/experiments.md").read_text("utf-8")
    (shown,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    state = put_rollout(rollout, _body(**json.loads(shown)), Ada())
    assert (len(state.exclude), len(state.overrides)) == (2, 1)
    assert (state.primary, state.planned) == ("profit", 20_000)

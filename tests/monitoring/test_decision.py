"""A model is made anew for a reason, not too often, and never on what is not known."""

import datetime as dt
from dataclasses import replace

import pytest

from churn_pipeline.monitoring.decision import decide, found_changed
from churn_pipeline.monitoring.evidence import (
    Evidence,
    Standing,
    Trial,
    standing_of,
)
from churn_pipeline.monitoring.policy import RetrainPolicy
from churn_pipeline.monitoring.reasons import Action
from churn_pipeline.monitoring.requests import Request
from tests.monitoring.verdicts import (
    QUIET,
    UNKNOWN,
    drifted,
    faulty,
    moved_rate,
    performance,
)

TODAY = dt.date(2026, 3, 1)
MADE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FINE = Standing(ranking_fell=False, calibration_moved=False, text="as before")
EVIDENCE = Evidence(
    champion="v1",
    made=MADE,
    newest=MADE,
    rows=1000,
    first=dt.date(2025, 1, 1),
    labels_until=dt.date(2025, 12, 1),
    verdict=QUIET,
    standing=FINE,
    new_labels=100,
)
POLICY = RetrainPolicy(max_age_days=90)


def _decided(policy=POLICY, today=TODAY, **changes):
    return decide(replace(EVIDENCE, **changes), policy, today=today)


def test_nothing_is_done_without_a_reason():
    found = _decided()
    assert (found.action, found.reasons, found.missing) == (Action.NOTHING, (), ())
    assert found.in_words == "nothing: no reason to"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"reason": "new tariff"}, "manual"),
        ({"costs_changed": ("offer_cost",)}, "business_change"),
        ({"verdict": drifted("strong")}, "drift"),
        ({"new_labels": 500}, "new_data"),
        (
            {
                "made": MADE - dt.timedelta(days=31),
                "newest": MADE - dt.timedelta(days=31),
            },
            "schedule",
        ),
        (
            {"standing": FINE.model_copy(update={"ranking_fell": True})},
            "degradation",
        ),
    ],
)
def test_each_reason_alone_makes_a_model(changes, kind):
    found = _decided(**changes)
    assert found.action is Action.RETRAIN
    assert [reason.kind for reason in found.reasons] == [kind]


def test_another_calibration_makes_a_model_no_younger():
    lately = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
    old = dt.datetime(2025, 12, 1, tzinfo=dt.UTC)
    reigns = _decided(made=lately, newest=lately, trained=old)
    assert [reason.kind for reason in reigns.reasons] == ["schedule"]
    assert reigns.reasons[0].numbers == {"age_days": 90.0}
    refused = _decided(newest=lately, trained=old)
    assert refused.reasons == ()


def test_after_a_refusal_more_has_to_be_there_to_learn_from_unless_labels_complain():
    lately = {"newest": dt.datetime(2026, 2, 1, tzinfo=dt.UTC)}
    found = _decided(verdict=drifted("strong"), **lately)
    assert found.action is Action.NOTHING
    assert "was refused or waits; 90 days have to pass" in found.held
    fell = FINE.model_copy(update={"ranking_fell": True})
    assert _decided(standing=fell, **lately).action is Action.RETRAIN
    later = dt.date(2026, 5, 2)
    assert _decided(today=later, verdict=drifted("strong"), **lately).held == ""


def test_a_model_that_could_not_be_compared_yet_waits():
    early = {"newest_label": dt.date(2025, 11, 1)}
    found = _decided(verdict=drifted("strong"), **early)
    assert found.action is Action.NOTHING
    assert "until labels of such a date are known, now 2025-11-01" in found.held
    asked = _decided(verdict=drifted("strong"), reason="new tariff", **early)
    assert asked.action is Action.RETRAIN


FELL = FINE.model_copy(update={"ranking_fell": True})
SINCE = dt.date(2025, 11, 1)


def test_too_few_who_left_since_the_champion_fell_teach_nothing_yet():
    few = _decided(standing=FELL, since=SINCE, churners_since=399)
    assert few.action is Action.NOTHING
    assert few.held.startswith("399 are known to have left since the champion fell")
    enough = _decided(standing=FELL, since=SINCE, churners_since=400)
    assert enough.action is Action.RETRAIN


def test_a_company_of_few_customers_does_not_wait_for_them_for_ever():
    few = {"standing": FELL, "since": SINCE, "churners_since": 3}
    last = SINCE + dt.timedelta(days=POLICY.max_wait_days)
    assert _decided(today=last - dt.timedelta(days=1), **few).action is Action.NOTHING
    assert _decided(today=last, **few).action is Action.RETRAIN


def test_rows_from_before_a_change_of_concept_are_left_out():
    assert _decided(standing=FELL, since=SINCE).learn_from == SINCE
    assert _decided(reason="new tariff").learn_from == EVIDENCE.first


def test_what_was_left_out_stays_out():
    found = _decided(standing=FELL, since=dt.date(2024, 5, 1))
    assert found.learn_from == EVIDENCE.first


OFF = FINE.model_copy(update={"calibration_moved": True, "text": "rate 9 % for 5"})


def test_where_a_model_has_to_wait_a_calibration_that_is_better_is_made_meanwhile():
    found = _decided(
        verdict=drifted("strong"), standing=OFF, since=SINCE, churners_since=3
    )
    assert found.action is Action.RECALIBRATE
    assert found.held.startswith("3 are known to have left")
    lately = dt.datetime(2026, 2, 25, tzinfo=dt.UTC)
    assert _decided(standing=OFF, newest=lately).action is Action.NOTHING


def test_another_calibration_that_does_better_on_the_newest_labels_is_a_reason():
    better = Trial(better=True, text="log loss better by 0.01")
    found = _decided(calibration=better)
    assert found.action is Action.RECALIBRATE
    assert found.reasons[0].text.endswith("newest labels: log loss better by 0.01")


def test_no_calibration_is_made_that_the_gate_would_refuse():
    no_better = Trial(better=False, text="no better")
    found = _decided(verdict=moved_rate(), calibration=no_better)
    assert (found.action, found.held) == (Action.NOTHING, "no better")


def test_probabilities_that_no_calibration_mends_count_for_no_fall():
    report = performance("churn_rate")
    assert standing_of(report, Trial(better=True, text="")).calibration_moved
    assert standing_of(report, None).calibration_moved
    unmended = standing_of(report, Trial(better=False, text=""))
    assert (unmended.calibration_moved, unmended.since) == (False, None)
    ranks_worse = standing_of(performance("roc_auc"), Trial(better=False, text=""))
    assert ranks_worse.ranking_fell


def test_what_was_found_is_told_from_what_only_came_of_age():
    drift = _decided(verdict=drifted("strong")).model_dump(mode="json")
    grown = _decided(new_labels=500).model_dump(mode="json")
    told = [found_changed(found) for found in (drift, grown, None)]
    assert told == [True, False, False]


def test_a_drift_that_is_not_confirmed_waits():
    assert _decided(verdict=drifted("strong", confirmed=False)).reasons == ()


def test_a_drift_that_costs_less_than_the_policy_asks_for_is_no_reason():
    cheap = POLICY.model_copy(update={"min_drift_cost": 5.0})
    assert _decided(cheap, verdict=drifted("strong", cost=4.9)).reasons == ()
    dear = _decided(cheap, verdict=drifted("strong", cost=5.0))
    assert dear.reasons[0].numbers["cost"] == 5.0


def test_probabilities_that_are_wrong_alone_are_calibrated_again():
    off = FINE.model_copy(update={"calibration_moved": True, "text": "rate 9 % for 5"})
    found = _decided(standing=off)
    assert found.action is Action.RECALIBRATE
    assert found.reasons[0].text == "rate 9 % for 5"
    both = off.model_copy(update={"ranking_fell": True})
    assert _decided(standing=both).action is Action.RETRAIN


def test_a_churn_rate_that_moves_alone_is_calibrated_again():
    found = _decided(verdict=moved_rate(), standing=None)
    assert found.action is Action.RECALIBRATE
    assert found.missing == (
        "how good the model is by now: too few labels newer than its own",
    )


def test_what_asks_for_most_is_done_and_every_reason_is_told():
    found = _decided(verdict=moved_rate(), new_labels=600)
    assert found.action is Action.RETRAIN
    assert [reason.kind for reason in found.reasons] == ["new_data", "drift"]


def test_two_models_are_some_days_apart_unless_somebody_asks():
    refused = TODAY - dt.timedelta(days=13)
    newest = dt.datetime.combine(refused, dt.time(), dt.UTC)
    held = _decided(newest=newest, new_labels=500)
    assert held.action is Action.NOTHING
    assert held.held == (
        "the newest model was made 13 days ago, 14 have to lie between two"
    )
    assert held.reasons[0].kind == "new_data"
    asked = Request(id="a", reason="prices", who="Ada", time=MADE)
    found = _decided(newest=newest, requests=(asked,))
    assert found.action is Action.RETRAIN
    assert found.reasons[0].text == "Ada asks: prices"


def test_no_model_learns_from_data_that_look_faulty():
    held = _decided(verdict=faulty("missing", "income"))
    assert held.action is Action.NOTHING
    assert held.held.startswith("the data look faulty (missing:income)")
    found = _decided(verdict=faulty("missing", "income"), reason="it is no fault")
    assert found.action is Action.RETRAIN


def test_what_is_not_known_is_said():
    found = _decided(verdict=None, standing=None, new_labels=None)
    assert found.action is Action.NOTHING
    assert len(found.missing) == 3
    assert "not known: whether anything drifted" in found.in_words


def test_a_verdict_on_a_former_champion_tells_nothing():
    found = _decided(champion="v2", verdict=drifted("strong"))
    assert found.reasons == ()
    assert found.missing[0].startswith("whether anything drifted: there is no verdict")


def test_a_ranking_that_fell_month_after_month_is_told_apart_from_the_calibration():
    fell = standing_of(performance("log_loss", "roc_auc"))
    assert (fell.ranking_fell, fell.calibration_moved) == (True, False)
    assert "ROC AUC is 0.7, at its release 0.8" in fell.text
    moved = standing_of(performance("log_loss"))
    assert (moved.ranking_fell, moved.calibration_moved) == (False, True)


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_champion_fell_when_its_first_bad_month_began_once_that_is_confirmed(
    confirmed,
):
    told = performance("roc_auc", confirmed=confirmed)
    seen = {"realised": told.realised}
    cohorts = tuple(cohort.model_copy(update=seen) for cohort in told.cohorts)
    found = standing_of(told.model_copy(update={"cohorts": cohorts}))
    assert found.since == (cohorts[0].month if confirmed else None)


def test_a_single_bad_month_is_no_reason_yet():
    once = standing_of(performance("roc_auc", confirmed=False))
    assert (once.ranking_fell, once.calibration_moved) == (False, False)
    assert _decided(standing=once).reasons == ()


def test_without_mature_labels_nothing_is_said_of_the_ranking():
    assert standing_of(UNKNOWN) is None

"""Register, promote, approve, roll back: who may do what, and what it is called."""

import shutil
from dataclasses import replace

import pytest

from churn_pipeline.release.releases import ReleaseError
from tests.factories import tiny_artifact, tiny_refit
from tests.release.in_memory import champion_of, made_release, numbers_of, register


def test_a_model_that_passed_becomes_champion(releases):
    register(releases, "1")
    assert champion_of(releases) == "1"
    assert releases.registry.alias == {"champion": "1"}
    assert [e.action for e in releases.store.ledger.read()] == ["register", "promote"]


def test_the_registry_gets_metrics_without_ends_and_undefined_ones(releases):
    register(releases, "1")
    assert releases.registry.tags["1"] == {
        "roc_auc": "0.8",
        "gate": "approved",
        "family": "logistic",
        "semantic_version": "1.0.0",
        "change": "the first version",
        "fitted_rows": "200",
        "refit": "false",
        "failed_checks": "",
    }


def test_the_ledger_and_the_registry_tell_of_a_refit(releases):
    measured = tiny_artifact("1")
    made = replace(made_release("1"), artifact=tiny_refit(measured), measured=measured)
    releases.register(made)
    assert (
        releases.registry.tags["1"].items()
        >= {
            "fitted_rows": "300",
            "refit": "true",
        }.items()
    )
    first = releases.store.ledger.read()[0]
    assert first.reason == (
        "better than the champion; refit on 300 rows, the test split's included"
    )


def test_a_refused_model_is_registered_without_an_alias(releases):
    register(releases, "1")
    register(releases, "2", approved=False)
    assert champion_of(releases) == "1"
    assert releases.registry.alias == {"champion": "1"}
    assert releases.registry.tags["2"]["gate"] == "refused"
    last = releases.store.ledger.read()[-1]
    assert (last.action, last.reason, last.previous) == ("refuse", "too few rows", "1")


def test_under_the_policy_approval_a_person_promotes(releases):
    register(releases, "1", policy="approval")
    assert releases.store.champion() is None
    assert releases.registry.alias == {"challenger": "1"}
    releases.approve("1", reason="signed off")
    assert champion_of(releases) == "1"
    assert releases.registry.alias == {"champion": "1"}
    last = releases.store.ledger.read()[-1]
    assert (last.who, last.action, last.reason) == ("ada", "approve", "signed off")


def test_rollback_twice_goes_back_two(releases):
    for version in ("1", "2", "3"):
        register(releases, version)
    assert releases.rollback(reason="complaints") == "2"
    assert releases.rollback() == "1"
    assert champion_of(releases) == "1"
    assert releases.registry.alias["champion"] == "1"
    with pytest.raises(ReleaseError, match="got 1 as the only one"):
        releases.rollback()


def test_rollback_without_a_champion_says_so(releases):
    with pytest.raises(ReleaseError, match="got no champion"):
        releases.rollback()


def test_a_refused_version_needs_an_override_with_a_reason(releases):
    register(releases, "1", approved=False)
    for attempt in ({}, {"override": True}, {"reason": "because"}):
        with pytest.raises(ReleaseError, match=r"refused 1.0.0 \(1\): too few"):
            releases.promote("1", **attempt)
    with pytest.raises(ReleaseError, match="gate refused"):
        releases.approve("1", reason="because")
    releases.promote("1", override=True, reason="the old one is down")
    assert champion_of(releases) == "1"
    last = releases.store.ledger.read()[-1]
    assert (last.gate, last.reason) == ("refused", "the old one is down")


def test_a_release_repeated_changes_nothing(releases):
    register(releases, "1")
    entries = releases.store.ledger.read()
    register(releases, "1")
    releases.promote("1")
    assert releases.store.ledger.read() == entries


def test_repeating_a_release_does_not_undo_a_rollback(releases):
    register(releases, "1")
    register(releases, "2")
    releases.rollback()
    register(releases, "2")
    assert champion_of(releases) == "1"


def test_the_champion_judged_against_itself_stays_champion(releases):
    register(releases, "1")
    entries = releases.store.ledger.read()
    register(releases, "1", approved=False)
    assert releases.store.ledger.read() == entries
    assert releases.store.record("1").gate == "approved"


def test_a_version_judged_anew_gets_its_new_verdict(releases):
    register(releases, "1", approved=False)
    register(releases, "1")
    assert champion_of(releases) == "1"
    assert releases.registry.tags["1"]["gate"] == "approved"
    last = [(e.action, e.gate) for e in releases.store.ledger.read()]
    assert last == [
        ("refuse", "refused"),
        ("register", "approved"),
        ("promote", "approved"),
    ]


def test_a_verdict_about_another_champion_releases_nothing(releases):
    register(releases, "1")
    register(releases, "2", against="1")
    register(releases, "3", against="1")
    assert champion_of(releases) == "2"
    assert releases.store.record("3").gate == "refused"
    last = releases.store.ledger.read()[-1]
    assert (last.action, last.version, last.gate) == ("refuse", "3", "refused")
    assert last.reason.startswith("compared with 1, but 2 reigns now")
    register(releases, "3", against="2")
    assert champion_of(releases) == "3"


def test_a_verdict_from_before_the_first_champion_is_not_in_force(releases):
    register(releases, "1")
    register(releases, "2", against=None)
    assert champion_of(releases) == "1"
    assert "compared with no champion" in releases.store.record("2").reasons[0]


def test_of_two_that_wait_only_the_first_is_approved(releases):
    register(releases, "1")
    register(releases, "2", policy="approval")
    register(releases, "3", policy="approval")
    releases.approve("2")
    with pytest.raises(ReleaseError, match="compared with 1, but 2 reigns now"):
        releases.approve("3")
    with pytest.raises(ReleaseError, match="compared with 1, but 2 reigns now"):
        releases.promote("3")
    assert champion_of(releases) == "2"
    releases.promote("3", override=True, reason="known to be better")
    assert champion_of(releases) == "3"


def test_every_version_has_a_number_of_its_own(releases):
    register(releases, "1")
    register(releases, "2", approved=False)
    shutil.rmtree(releases.store.folder / "registered/2")
    register(releases, "3")
    releases.rollback()
    register(releases, "4")
    numbers = numbers_of(releases)
    assert numbers == {"1": "1.0.0", "2": "1.0.1", "3": "1.0.2", "4": "1.0.3"}
    assert releases.store.record("4").semantic_version == "1.0.3"
    assert releases.registry.tags["4"]["semantic_version"] == "1.0.3"


@pytest.mark.parametrize("name", ["2b", "1.0.1", "2"])
def test_a_version_is_found_by_each_of_its_names(releases, name):
    register(releases, "1a")
    register(releases, "2b", approved=False)
    releases.promote(name, override=True, reason="known to be better")
    assert champion_of(releases) == "2b"

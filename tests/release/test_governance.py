"""Who may decide over a release, and what a failed check asks for."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from churn_pipeline.release.governance import Approver, Governance
from churn_pipeline.release.releases import ReleaseError
from tests.release.in_memory import champion_of, register

NAMED = Governance(
    approvers=(
        Approver(name="ada", role="approver"),
        Approver(name="bob", role="operator"),
        Approver(name="eve", role="admin"),
    )
)


def _as(releases, who, rules=NAMED):
    return replace(releases, who=who, rules=rules)


def _last(releases):
    return releases.store.ledger.read()[-1]


@pytest.mark.parametrize("policy", ["auto", "approval", "canary"])
def test_a_failed_check_leaves_a_release_pending_whatever_the_policy(releases, policy):
    register(releases, "1", policy=policy, failed=("bias: age",))
    assert releases.store.champion() is None
    assert releases.registry.alias == {}
    assert releases.registry.tags["1"]["failed_checks"] == "bias: age"
    assert releases.waiting() == ("1",)
    last = _last(releases)
    assert (last.action, last.failed) == ("pend", ("bias: age",))
    assert last.reason.startswith("failed checks: bias: age; better than")


def test_the_champion_stays_while_another_is_pending(releases):
    register(releases, "1")
    register(releases, "2", failed=("security: no pickle",))
    assert champion_of(releases) == "1"


def test_a_failed_check_needs_somebody_who_is_named(releases):
    register(releases, "1", failed=("bias: age",))
    message = "for these checks failed: bias: age, got ada, a person without a role"
    with pytest.raises(ReleaseError, match=message):
        releases.approve("1", reason="seen")
    with pytest.raises(ReleaseError, match=r"release\.approvers names nobody"):
        releases.promote("1", override=True, reason="seen")
    with pytest.raises(ReleaseError, match=r"approver or admin \(ada, eve\).* bob, op"):
        _as(releases, "bob").approve("1", reason="seen")
    assert releases.store.champion() is None


def test_a_named_approver_releases_it_with_a_reason_that_the_ledger_keeps(releases):
    register(releases, "1", failed=("bias: age",))
    with pytest.raises(ReleaseError, match="expected --reason WHY to release 1"):
        _as(releases, "ada").approve("1")
    _as(releases, "ada").approve("1", reason="ages differ in need")
    assert champion_of(releases) == "1"
    last = _last(releases)
    assert (last.who, last.role, last.action) == ("ada", "approver", "approve")
    assert (last.failed, last.reason) == (("bias: age",), "ages differ in need")


def test_where_four_eyes_look_nobody_approves_their_own(releases):
    rules = NAMED.model_copy(update={"four_eyes": True})
    register(_as(releases, "eve", rules), "1", policy="approval")
    for deed in ("approve", "promote"):
        with pytest.raises(ReleaseError, match="another person than eve"):
            getattr(_as(releases, "eve", rules), deed)("1", reason="mine")
    _as(releases, "ada", rules).approve("1", reason="seen")
    assert champion_of(releases) == "1"


def test_without_four_eyes_an_approver_may_approve_their_own(releases):
    register(_as(releases, "ada"), "1", policy="approval")
    _as(releases, "ada").approve("1")
    assert champion_of(releases) == "1"


@pytest.mark.parametrize("deed", ["approve", "promote"])
def test_where_somebody_is_named_nobody_else_releases(releases, deed):
    register(releases, "1", policy="approval")
    with pytest.raises(ReleaseError, match="expected one with the role approver or"):
        getattr(_as(releases, "mallory"), deed)("1", reason="now")
    with pytest.raises(ReleaseError, match="got bob, operator"):
        getattr(_as(releases, "bob"), deed)("1", reason="now")


def test_only_an_admin_overrides_the_gate(releases):
    register(releases, "1", approved=False)
    with pytest.raises(ReleaseError, match=r"role admin \(eve\) to override"):
        _as(releases, "ada").promote("1", override=True, reason="needed")
    _as(releases, "eve").promote("1", override=True, reason="needed")
    assert champion_of(releases) == "1"
    assert _last(releases).role == "admin"


def test_an_operator_rolls_back_and_a_stranger_does_not(releases):
    register(releases, "1")
    register(releases, "2")
    with pytest.raises(ReleaseError, match="got mallory, a person without a role"):
        _as(releases, "mallory").rollback(reason="why not")
    _as(releases, "bob").rollback(reason="complaints")
    assert champion_of(releases) == "1"


def test_a_rejected_version_no_longer_waits_and_is_not_approved(releases):
    register(releases, "1", policy="approval")
    with pytest.raises(ReleaseError, match="needs --reason WHY"):
        _as(releases, "ada").reject("1", reason=" ")
    with pytest.raises(ReleaseError, match="to reject it, got bob"):
        _as(releases, "bob").reject("1", reason="no")
    _as(releases, "ada").reject("1", reason="ages are treated unlike")
    assert (releases.waiting(), releases.registry.alias) == ((), {})
    assert (_last(releases).action, _last(releases).who) == ("reject", "ada")
    with pytest.raises(ReleaseError, match=r"ada rejected 1.* ages are treated unlike"):
        _as(releases, "ada").approve("1", reason="yes")
    with pytest.raises(ReleaseError, match="expected a version that waits, got 1"):
        _as(releases, "ada").reject("1", reason="again")
    _as(releases, "eve").promote("1", override=True, reason="looked again")
    assert champion_of(releases) == "1"


def test_a_run_that_is_repeated_does_not_release_what_was_rejected(releases):
    register(releases, "1", policy="approval")
    releases.reject("1", reason="no")
    register(releases, "1")
    assert releases.store.champion() is None


def test_a_version_that_passes_when_checked_again_is_released(releases):
    register(releases, "1", failed=("compliance: model card",))
    register(releases, "1")
    assert champion_of(releases) == "1"
    actions = [entry.action for entry in releases.store.ledger.read()]
    assert actions == ["pend", "register", "promote"]


def test_what_the_gate_refused_is_overridden_as_before_where_nobody_is_named(releases):
    register(releases, "1", approved=False, failed=("performance",))
    assert _last(releases).failed == ("performance",)
    releases.promote("1", override=True, reason="the old one is down")
    assert champion_of(releases) == "1"


def test_a_name_stands_once_and_a_role_is_a_known_one():
    twice = [{"name": "ada"}, {"name": "ada", "role": "admin"}]
    with pytest.raises(ValidationError, match=r"each name once .* got ada twice"):
        Governance.model_validate({"approvers": twice})
    with pytest.raises(ValidationError, match="operator"):
        Approver.model_validate({"name": "ada", "role": "king"})

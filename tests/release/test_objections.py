"""Which versions no customer may get, not even a few of them."""

from dataclasses import replace

import pytest

from churn_pipeline.release.governance import Approver, Governance
from churn_pipeline.release.objections import closed
from tests.release.in_memory import register

NAMED = Governance(approvers=(Approver(name="ada", role="admin"),))


@pytest.fixture
def named(releases):
    return replace(releases, who="ada", rules=NAMED)


def test_one_that_passed_is_open_before_anybody_approves_it(named):
    register(named, "1", policy="approval")
    assert closed(named.store, "1") == ""


def test_one_that_failed_a_check_is_closed_until_it_is_approved(named):
    register(named, "1", failed=("bias: age",))
    assert "failed: bias: age; see `kedro churn review" in closed(named.store, "1")
    named.approve("1", reason="looked at the rows")
    assert closed(named.store, "1") == ""


def test_one_that_somebody_rejected_is_closed(named):
    register(named, "1", policy="approval")
    named.reject("1", reason="unfair")
    assert "ada rejected" in closed(named.store, "1")


def test_one_that_the_gate_refused_is_closed_until_it_is_overridden(named):
    register(named, "1")
    register(named, "2", approved=False)
    assert "the gate refused" in closed(named.store, "2")
    named.promote("2", override=True, reason="the new price list")
    assert closed(named.store, "2") == ""

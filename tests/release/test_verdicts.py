"""What the ledger says of a version, and what it says of another one only."""

from churn_pipeline.release.ledger import Entry
from churn_pipeline.release.verdicts import rejection, undecided


def _entries(*actions):
    same = {"time": "2026-01-01", "who": "ada", "version": "1", "gate": "approved"}
    return [Entry(**same, action=a, previous=None, reason="") for a in actions]


def test_an_approval_lifts_a_rejection_and_a_rollback_does_not():
    assert rejection(_entries("reject", "rollback"), "1").action == "reject"
    assert rejection(_entries("reject", "approve"), "1") is None
    assert rejection(_entries("reject", "promote"), "1") is None


def test_a_rollback_decides_on_no_version_that_waits():
    assert undecided(_entries("pend", "rollback")) == {"1"}
    assert undecided(_entries("pend", "reject")) == frozenset()
    assert undecided(_entries("register", "promote")) == frozenset()

"""A report of pip-audit is read, and its absence is told."""

import pytest

from churn_pipeline.release.review.vulnerabilities import check_vulnerabilities

PACKAGES = {"numpy": "2.0.0", "torch": "2.13.0+cpu"}


def _report(*vulns, numpy="2.0.0", skip=True):
    torch = {"name": "torch", "skip_reason": "not on PyPI"}
    whole = {"name": "torch", "version": "2.13.0", "vulns": []}
    return {
        "dependencies": [
            {"name": "numpy", "version": numpy, "vulns": []},
            torch if skip else whole,
            {"name": "jinja2", "version": "3.1.0", "vulns": list(vulns)},
        ],
        "fixes": [],
    }


def _check(report, *, required=False, accepted=()):
    return check_vulnerabilities(report, PACKAGES, required=required, accepted=accepted)


BAD = {"id": "PYSEC-1", "aliases": ["CVE-2024-1"], "fix_versions": ["3.1.5"]}


@pytest.mark.parametrize(
    ("required", "outcome"), [(False, "warning"), (True, "failed")]
)
def test_without_a_report_the_policy_decides(required, outcome):
    found = _check(None, required=required)
    assert (found.outcome, found.found) == (
        outcome,
        "expected a report of pip-audit, got no report",
    )
    assert "pip-audit --format json" in found.todo


@pytest.mark.parametrize("skip", [True, False])
def test_a_report_without_vulnerabilities_passes(skip):
    found = _check(_report(skip=skip), required=True)
    assert found.outcome == "passed"
    assert found.found.startswith("3 packages, 0 known vulnerabilities")


def test_a_known_vulnerability_fails_until_somebody_accepts_it():
    found = _check(_report(BAD))
    assert found.outcome == "failed"
    assert found.found.startswith("jinja2 3.1.0: PYSEC-1; 3 packages, 1 known")
    for name in ("PYSEC-1", "CVE-2024-1"):
        assert _check(_report(BAD), accepted=(name,)).outcome == "passed"


def test_a_report_of_other_versions_counts_as_none():
    found = _check(_report(numpy="1.26.4"), required=True)
    assert found.outcome == "failed"
    assert "numpy 1.26.4, not 2.0.0" in found.found


@pytest.mark.parametrize("report", [[], {}, {"dependencies": [{"version": "1"}]}])
def test_a_report_that_cannot_be_read_fails_whatever_the_policy(report):
    assert _check(report).outcome == "failed"

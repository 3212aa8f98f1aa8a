"""Performance and calibration: what the gate said, told as checks of the release."""

from __future__ import annotations

from churn_pipeline.release.gate import Ruling, Verdict
from churn_pipeline.release.review.finding import GATED, Finding

_CALIBRATION = frozenset({"calibration not worse", "churn_rate"})
_TODO = "see the model card; train on more or better data"


def check_verdict(verdict: Verdict) -> tuple[Finding, Finding]:
    """Return performance and calibration as the gate has judged them.

    Args:
        verdict: The gate's. Its statistics are not repeated.
    """
    calibration = [r for r in verdict.checks if r.name in _CALIBRATION]
    others = [r for r in verdict.checks if r.name not in _CALIBRATION]
    performance, calibrated = GATED
    return (
        _told(performance, others, otherwise=verdict),
        _told(calibrated, calibration, otherwise=verdict),
    )


def _told(name: str, rulings: list[Ruling], *, otherwise: Verdict) -> Finding:
    """Return what some of the gate's rules say; without any, what it says at all."""
    passed = all(r.passed for r in rulings) if rulings else otherwise.approved
    broken = [r.reason for r in rulings if not r.passed]
    against = otherwise.compared_with or "the base rate"
    fine = f"the gate's rules met, {len(rulings)} of them, against {against}"
    return Finding(
        name=name,
        outcome="passed" if passed else "failed",
        found=fine if passed else "; ".join(broken or otherwise.reasons),
        todo="" if passed else _TODO,
        evidence={r.name: r.reason for r in rulings},
    )

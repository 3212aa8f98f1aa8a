"""What the checks of a release found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from churn_pipeline.params import Params

GATED = ("performance", "calibration")
"""Checks that tell what the gate said."""

Outcome = Literal["passed", "warning", "failed", "not applicable"]


class Finding(Params):
    """One check and how it came out.

    Attributes:
        name: What was checked, e.g. `bias: gender`.
        outcome: A `warning` is told and stops nothing; a check that is `failed` leaves
            the release to a named person.
        found: What was expected and what came, in words.
        todo: What to do about it; empty where nothing is to do.
        evidence: Name -> figure or text that the outcome follows from.
    """

    name: str
    outcome: Outcome
    found: str
    todo: str = ""
    evidence: dict[str, float | str] = Field(default_factory=dict)


class Review(Params):
    """Everything that was checked of a release.

    Attributes:
        findings: The checks, in the order in which they are told.
    """

    findings: tuple[Finding, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed."""
        return tuple(f.name for f in self.findings if f.outcome == "failed")

    @property
    def unmet(self) -> tuple[str, ...]:
        """The same without those of the gate, which has a no of its own."""
        return tuple(name for name in self.failed if name not in GATED)

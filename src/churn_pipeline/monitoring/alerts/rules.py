"""Rules over facts: what is worth telling somebody, and how urgently."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field, model_validator

from churn_pipeline.params import Params

Fact = float | str | bool


class Severity(StrEnum):
    """`critical` wakes somebody, `warning` is for the same day, `info` for the week."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Rule(Params):
    """When something is told; one of `above`, `below` and `equals` is set.

    Attributes:
        fact: Name of the fact, such as `drift.confirmed`.
        above: Tell where the fact is more.
        below: Tell where it is less.
        equals: Tell where it is one of these, in small letters: texts, `true`, `false`.
        severity: How urgent it is.
        title: What it is, in a line; `{value}` and `{limit}` stand for the numbers.
        runbook: Entry of docs/runbook.md that says what to do.
        required: Whether a missing fact is told as well: what is not watched does not
            count as well. False where the fact comes late, as labels do.
    """

    fact: str
    above: float | None = None
    below: float | None = None
    equals: tuple[str, ...] | None = None
    severity: Severity
    title: str = Field(min_length=1)
    runbook: str = Field(pattern=r"^[a-z0-9-]+$")
    required: bool = True

    @model_validator(mode="after")
    def _one_condition(self) -> Rule:
        given = [self.above, self.below, self.equals]
        if sum(value is not None for value in given) != 1:
            raise ValueError("expected one of above, below and equals")
        return self


class Alert(Params):
    """What is told.

    Attributes:
        key: Name of the rule: an alert that stands is told once.
        severity: How urgent it is.
        title: What it is.
        runbook: Entry of docs/runbook.md.
        report: Where it can be looked at; a path or an address.
    """

    key: str
    severity: Severity
    title: str
    runbook: str
    report: str


def alerts_of(
    facts: Mapping[str, Fact], rules: Mapping[str, Rule], *, report: str
) -> list[Alert]:
    """Return the alerts that hold, the most urgent first.

    Args:
        facts: Name -> value, as the watch found it.
        rules: Name -> rule.
        report: Where it can be looked at.
    """
    urgent = list(reversed(Severity))
    found = [
        Alert(
            key=name,
            severity=rule.severity,
            title=title,
            runbook=rule.runbook,
            report=report,
        )
        for name, rule in rules.items()
        if (title := _told(facts.get(rule.fact), rule)) is not None
    ]
    return sorted(found, key=lambda alert: urgent.index(alert.severity))


def _told(value: Fact | None, rule: Rule) -> str | None:
    """Return what is told of a fact; None where nothing is."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return f"{rule.fact} is not known" if rule.required else None
    if rule.equals is not None:
        holds = str(value).lower() in rule.equals
        return rule.title.format(value=value, limit="") if holds else None
    if isinstance(value, str):
        raise ValueError(
            f"expected a number for the fact {rule.fact}, which a rule compares, got "
            f"{value!r}; use `equals`"
        )
    if rule.above is not None:
        limit, holds = rule.above, value > rule.above
    else:
        limit = rule.below or 0.0
        holds = value < limit
    told = rule.title.format(value=f"{value:.4g}", limit=f"{limit:.4g}")
    return told if holds else None

"""Whether the champion has to be made anew: a decision with its reasons, by rule.

Nothing here looks at a clock or a file. What is not known is said, and never taken for
a sign that all is well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Literal

from pydantic import Field

from churn_pipeline.monitoring.evidence import Evidence
from churn_pipeline.monitoring.policy import RetrainPolicy
from churn_pipeline.monitoring.verdict import NOTHING_NEWER, TARGET, first_names
from churn_pipeline.params import Params

Kind = Literal[
    "drift", "degradation", "new_data", "schedule", "manual", "business_change"
]


_PATIENT = {"drift", "new_data", "schedule"}
"""Kinds of reason that hold on after a model was refused for want of something new."""


class Action(StrEnum):
    """What is done; each does more than the one before."""

    NOTHING = "nothing"
    RECALIBRATE = "recalibrate"
    RETRAIN = "retrain"


class Reason(Params):
    """One reason.

    Attributes:
        kind: What it is of.
        action: What it asks for.
        text: What was found, in words.
        numbers: The figures, by name.
    """

    kind: Kind
    action: Action
    text: str
    numbers: dict[str, float] = Field(default_factory=dict)


class RetrainDecision(Params):
    """What is done about the champion, and why.

    Attributes:
        date: The day.
        champion: Version of the model that it is about.
        newest: When the run of the newest model began: with one that is newer, this
            decision has been carried out.
        action: What is done.
        learn_from: Observation date from which on rows are learnt from: where labels
            say that customers leave for other reasons than before, those from before
            would teach what is no longer so. What was left out stays out.
        reasons: Why; those that ask for most come first.
        held: Why less is done than a reason asks for; empty where it is done.
        missing: What could not be looked at, in words.
        when: The policy's.
    """

    date: dt.date
    champion: str
    newest: dt.datetime
    action: Action
    learn_from: dt.date | None = None
    reasons: tuple[Reason, ...] = ()
    held: str = ""
    missing: tuple[str, ...] = ()
    when: Literal["auto", "ask"] = "auto"

    @property
    def in_words(self) -> str:
        """What is done and why, as one line."""
        told = "; ".join(reason.text for reason in self.reasons) or "no reason to"
        held = f" (held: {self.held})" if self.held else ""
        unseen = f"; not known: {'; '.join(self.missing)}" if self.missing else ""
        return f"{self.action}: {told}{held}{unseen}"


def decide(
    evidence: Evidence, policy: RetrainPolicy, *, today: dt.date
) -> RetrainDecision:
    """Return what is to be done.

    A recalibration alone is decided where the probabilities are wrong and nothing says
    that the ranking is.

    Args:
        evidence: What was found.
        policy: The rules.
        today: The day, UTC.
    """
    verdict = evidence.verdict
    if verdict is not None and verdict.model_version != evidence.champion:
        evidence = replace(evidence, verdict=None)  # it is of a former champion
    rank = list(Action)
    reasons = sorted(
        _reasons(evidence, policy, today), key=lambda found: -rank.index(found.action)
    )
    held = _held(evidence, policy, reasons, today) if reasons else ""
    return RetrainDecision(
        date=today,
        champion=evidence.champion,
        newest=evidence.newest,
        action=Action.NOTHING if held or not reasons else reasons[0].action,
        learn_from=_learn_from(evidence),
        reasons=tuple(reasons),
        held=held,
        missing=tuple(_missing(evidence)),
        when=policy.when,
    )


def _learn_from(evidence: Evidence) -> dt.date:
    """Return the observation date from which on rows are learnt from."""
    standing = evidence.standing
    if standing is None or standing.since is None:
        return evidence.first
    return max(evidence.first, standing.since)


def _reasons(
    evidence: Evidence, policy: RetrainPolicy, today: dt.date
) -> Iterator[Reason]:
    """Yield every reason that holds."""
    yield from _asked(evidence)
    yield from _by_costs(evidence)
    yield from _by_performance(evidence)
    yield from _by_drift(evidence, policy)
    yield from _by_labels(evidence, policy)
    yield from _by_age(evidence, policy, today)


def _asked(evidence: Evidence) -> Iterator[Reason]:
    if evidence.reason:
        yield Reason(kind="manual", action=Action.RETRAIN, text=evidence.reason)
    for request in evidence.requests:
        text = f"{request.who} asks: {request.reason}"
        yield Reason(kind="manual", action=Action.RETRAIN, text=text)


def _by_costs(evidence: Evidence) -> Iterator[Reason]:
    if evidence.costs_changed:
        text = f"the decision has changed: {', '.join(evidence.costs_changed)}"
        yield Reason(kind="business_change", action=Action.RETRAIN, text=text)


def _by_performance(evidence: Evidence) -> Iterator[Reason]:
    standing = evidence.standing
    if standing is None or not (standing.ranking_fell or standing.calibration_moved):
        return
    action = Action.RETRAIN if standing.ranking_fell else Action.RECALIBRATE
    yield Reason(kind="degradation", action=action, text=standing.text)


def _by_drift(evidence: Evidence, policy: RetrainPolicy) -> Iterator[Reason]:
    verdict = evidence.verdict
    if verdict is None or not verdict.confirmed:
        return
    numbers = {
        "share_drifted": verdict.share_drifted,
        "cost": verdict.cost,
        "windows": float(len(verdict.window_dates)),
    }
    names = [*verdict.drifted, *verdict.others_drifted]
    if verdict.prediction.drifted:
        names.insert(0, "predictions")
    if names == [TARGET]:
        # As many seem to leave as before, and more or fewer do.
        text = "the churn rate moved, and neither inputs nor predictions did"
        yield Reason(
            kind="drift", action=Action.RECALIBRATE, text=text, numbers=numbers
        )
    elif verdict.cost >= policy.min_drift_cost:
        text = f"confirmed drift of {first_names(names)}"
        yield Reason(kind="drift", action=Action.RETRAIN, text=text, numbers=numbers)


def _by_labels(evidence: Evidence, policy: RetrainPolicy) -> Iterator[Reason]:
    least = policy.min_new_labels_share
    if evidence.new_labels is None or least is None:
        return
    share = evidence.new_labels / max(1, evidence.rows)
    if share >= least:
        yield Reason(
            kind="new_data",
            action=Action.RETRAIN,
            text=f"{evidence.new_labels:,} newer rows have labels by now, {share:.0%} "
            "of those that the model was fit on",
            numbers={"rows": float(evidence.new_labels), "share": share},
        )


def _by_age(
    evidence: Evidence, policy: RetrainPolicy, today: dt.date
) -> Iterator[Reason]:
    age = (today - evidence.newest.date()).days
    if policy.max_age_days is not None and age >= policy.max_age_days:
        yield Reason(
            kind="schedule",
            action=Action.RETRAIN,
            text=f"the newest model is {age} days old, {policy.max_age_days} are "
            "allowed",
            numbers={"age_days": float(age)},
        )


def _held(
    evidence: Evidence, policy: RetrainPolicy, reasons: list[Reason], today: dt.date
) -> str:
    """Return why nothing is done all the same; empty where it is."""
    kinds = {reason.kind for reason in reasons}
    if "manual" in kinds:
        return ""
    verdict = evidence.verdict
    faults = [f.key for f in verdict.faults if f.confirmed] if verdict else []
    if faults and kinds == {"drift"}:
        return (
            f"the data look faulty ({first_names(faults)}) and a model would learn "
            "that; mend the data, or give a reason"
        )
    since = (today - evidence.newest.date()).days
    if since < policy.min_days_between:
        return (
            f"the newest model was made {since} days ago, {policy.min_days_between} "
            "have to lie between two"
        )
    retrains = any(reason.action == Action.RETRAIN for reason in reasons)
    if retrains and (early := _too_early(evidence, policy)):
        return early
    refused = evidence.newest > evidence.made
    if refused and kinds <= _PATIENT and since < policy.min_days_after_refusal:
        return (
            f"the newest model, made {since} days ago, was refused or waits; "
            f"{policy.min_days_after_refusal} days have to pass, so that there is more "
            "to learn from"
        )
    return ""


def _too_early(evidence: Evidence, policy: RetrainPolicy) -> str:
    """Return why a model could not be learnt, or compared, yet; empty where it can."""
    newest, churners = evidence.newest_label, evidence.churners_since
    if newest is not None and newest < evidence.labels_until:
        return (
            f"the champion's labels look at days until {evidence.labels_until}; until "
            f"labels of such a date are known, now {newest}, nothing can be compared "
            "with it"
        )
    if churners is not None and churners < policy.least_churners:
        return (
            f"{churners} are known to have left since the champion fell, "
            f"{policy.least_churners} are needed to learn from; those before left for "
            "other reasons"
        )
    return ""


def _missing(evidence: Evidence) -> Iterator[str]:
    """Yield what could not be looked at."""
    verdict = evidence.verdict
    if verdict is None:
        yield "whether anything drifted: there is no verdict; run `drift_reporting`"
    elif verdict.verdict == NOTHING_NEWER:
        yield "whether anything drifted: there are no rows newer than the training's"
    if evidence.standing is None:
        yield "how good the model is by now: too few labels newer than its own"
    if evidence.new_labels is None:
        yield "how many newer rows have labels"

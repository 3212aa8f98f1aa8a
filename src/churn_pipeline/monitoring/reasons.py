"""Why a model is to be made anew: every reason that holds, with its figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

from pydantic import Field

from churn_pipeline.monitoring.evidence import Evidence
from churn_pipeline.monitoring.policy import RetrainPolicy
from churn_pipeline.monitoring.verdict import TARGET, first_names
from churn_pipeline.params import Params

Kind = Literal[
    "drift", "degradation", "new_data", "schedule", "manual", "business_change"
]


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


def reasons_of(
    evidence: Evidence, policy: RetrainPolicy, today: dt.date
) -> Iterator[Reason]:
    """Yield every reason that holds.

    Args:
        evidence: What was found.
        policy: The rules.
        today: The day, UTC.
    """
    yield from _asked(evidence)
    yield from _by_costs(evidence)
    yield from _by_performance(evidence)
    yield from _by_calibration(evidence)
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


def _by_calibration(evidence: Evidence) -> Iterator[Reason]:
    trial = evidence.calibration
    if trial is not None and trial.better:
        text = f"another calibration does better on the newest labels: {trial.text}"
        yield Reason(kind="degradation", action=Action.RECALIBRATE, text=text)


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
    reigns = evidence.newest == evidence.made
    made = (evidence.trained or evidence.newest) if reigns else evidence.newest
    age = (today - made.date()).days
    if policy.max_age_days is not None and age >= policy.max_age_days:
        yield Reason(
            kind="schedule",
            action=Action.RETRAIN,
            text=f"the newest model was trained {age} days ago, {policy.max_age_days} "
            "are allowed",
            numbers={"age_days": float(age)},
        )

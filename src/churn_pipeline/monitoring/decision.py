"""Whether the champion has to be made anew: a decision with its reasons, by rule.

Nothing here looks at a clock or a file. What is not known is said, and never taken for
a sign that all is well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from churn_pipeline.monitoring.evidence import Evidence
from churn_pipeline.monitoring.policy import RetrainPolicy
from churn_pipeline.monitoring.reasons import Action, Reason, reasons_of
from churn_pipeline.monitoring.verdict import NOTHING_NEWER, first_names
from churn_pipeline.params import Params

_PATIENT = {"drift", "new_data", "schedule"}
"""Kinds of reason that hold on after a model was refused for want of something new."""


_CHANGES = {"drift", "degradation"}
"""Kinds of reason that say that something is not as it was."""


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


def since_of(decision: dict[str, Any] | None) -> dt.date | None:
    """Return since when customers leave as they do now; None where it is not known.

    Args:
        decision: The last `RetrainDecision`; None: nothing was decided yet.
    """
    if decision is None:
        return None
    return RetrainDecision.model_validate(decision).learn_from


def found_changed(decision: dict[str, Any] | None) -> bool:
    """Return whether a decision says that champion or customers are not as they were.

    Args:
        decision: The last `RetrainDecision`; None: nothing was decided yet.
    """
    if decision is None:
        return False
    reasons = RetrainDecision.model_validate(decision).reasons
    return any(reason.kind in _CHANGES for reason in reasons)


def decide(
    evidence: Evidence, policy: RetrainPolicy, *, today: dt.date
) -> RetrainDecision:
    """Return what is to be done.

    A recalibration alone is decided where the probabilities are wrong and nothing says
    that the ranking is, or where a model made anew has to wait.

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
        reasons_of(evidence, policy, today), key=lambda found: -rank.index(found.action)
    )
    action, held = _done(evidence, policy, reasons, today)
    return RetrainDecision(
        date=today,
        champion=evidence.champion,
        newest=evidence.newest,
        action=action,
        learn_from=_learn_from(evidence),
        reasons=tuple(reasons),
        held=held,
        missing=tuple(_missing(evidence)),
        when=policy.when,
    )


def _done(
    evidence: Evidence, policy: RetrainPolicy, reasons: list[Reason], today: dt.date
) -> tuple[Action, str]:
    """Return what is done, and why that is less than a reason asks for."""
    held = ""
    for action in (Action.RETRAIN, Action.RECALIBRATE):
        asking = [reason for reason in reasons if reason.action == action]
        if not asking:
            continue
        why = _held(evidence, policy, asking, today)
        if not why:
            return action, held
        held = held or why
    return Action.NOTHING, held


def _learn_from(evidence: Evidence) -> dt.date:
    """Return the observation date from which on rows are learnt from."""
    return max(evidence.first, evidence.since or dt.date.min)


def _held(
    evidence: Evidence, policy: RetrainPolicy, reasons: list[Reason], today: dt.date
) -> str:
    """Return why what some reasons ask for is not done; empty where it is.

    Args:
        evidence: What was found.
        policy: The rules.
        reasons: All that ask for the same.
        today: The day, UTC.
    """
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
    if reasons[0].action == Action.RECALIBRATE:
        return _no_better(evidence)
    refused = evidence.newest > evidence.made
    if refused and kinds <= _PATIENT and since < policy.min_days_after_refusal:
        return (
            f"the newest model, made {since} days ago, was refused or waits; "
            f"{policy.min_days_after_refusal} days have to pass, so that there is more "
            "to learn from"
        )
    return _too_early(evidence, policy, today)


def _no_better(evidence: Evidence) -> str:
    """Return why another calibration would be refused; empty where it would not."""
    trial = evidence.calibration
    return "" if trial is None or trial.better else trial.text


def _too_early(evidence: Evidence, policy: RetrainPolicy, today: dt.date) -> str:
    """Return why a model could not be learnt, or compared, yet; empty where it can."""
    newest, churners = evidence.newest_label, evidence.churners_since
    if newest is not None and newest < evidence.labels_until:
        return (
            f"the champion's labels look at days until {evidence.labels_until}; until "
            f"labels of such a date are known, now {newest}, nothing can be compared "
            "with it"
        )
    since = evidence.since
    if churners is None or since is None or churners >= policy.least_churners:
        return ""
    last = since + dt.timedelta(days=policy.max_wait_days)
    if today >= last:
        return ""
    return (
        f"{churners} are known to have left since the champion fell, "
        f"{policy.least_churners} are needed to learn from; those before left for "
        f"other reasons. From {last} on it learns from them, too"
    )


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

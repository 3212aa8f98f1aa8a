"""Decide what is done about the champion, and raise alerts."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import fields
from typing import Any

import pandas as pd

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.monitoring.alerts.rules import alerts_of
from churn_pipeline.monitoring.alerts.tell import Alerts, Raised
from churn_pipeline.monitoring.decision import RetrainDecision, decide
from churn_pipeline.monitoring.evidence import (
    Evidence,
    Trial,
    standing_of,
)
from churn_pipeline.monitoring.facts import facts_of
from churn_pipeline.monitoring.performance_report import PerformanceReport
from churn_pipeline.monitoring.policy import RetrainPolicy
from churn_pipeline.monitoring.requests import Request, open_since
from churn_pipeline.monitoring.verdict import DriftVerdict
from churn_pipeline.params import Params
from churn_pipeline.release.gate import Verdict
from churn_pipeline.release.provenance import FittedOn
from churn_pipeline.runs import began

logger = logging.getLogger(__name__)


class Monitoring(Params):
    """What follows from a watch (root key `monitoring`).

    Attributes:
        reason: Why a model is to be made anew, given by hand; empty: by rule alone.
        retrain: The rules.
    """

    reason: str = ""
    retrain: RetrainPolicy = RetrainPolicy()


def decide_retraining(
    *,
    drift_verdict: dict[str, Any],
    performance_report: dict[str, Any],
    model_input: pd.DataFrame,
    champion: Any,
    calibration_trial: dict[str, Any],
    models_made: list[str],
    retrain_requests: list[dict[str, Any]],
    monitoring: Monitoring,
    decision: Decision,
    today: str,
) -> dict[str, Any]:
    """Return what is to be done about the champion, see `RetrainDecision`.

    Args:
        drift_verdict: The verdict on the newest date.
        performance_report: How good the champion is.
        model_input: The newest one, with the labels that have matured by now.
        champion: The artifact that serves.
        calibration_trial: What the gate says of another calibration.
        models_made: Versions of every model, released or not, the oldest first.
        retrain_requests: Who asked for another model, see `monitoring.requests`.
        monitoring: The rules, and a reason given by hand.
        decision: Costs and values as they are now.
        today: ISO date, UTC.
    """
    manifest = champion.manifest
    learnt = manifest.fitted.of_ranking
    newest = began(models_made[-1])
    trial = _trial(calibration_trial)
    standing = standing_of(PerformanceReport.model_validate(performance_report), trial)
    fell = standing.since if standing else None
    since = fell or manifest.fitted.since
    asked = [Request.model_validate(request) for request in retrain_requests]
    found = decide(
        Evidence(
            champion=manifest.version,
            made=began(manifest.version),
            newest=newest,
            trained=began(learnt.version) if learnt.version else None,
            rows=learnt.facts.rows,
            first=manifest.fitted.first,
            labels_until=learnt.labels_until,
            verdict=DriftVerdict.model_validate(drift_verdict),
            standing=standing,
            calibration=trial,
            new_labels=_new_labels(model_input, learnt),
            newest_label=_newest_label(model_input),
            churners_since=_churners_since(model_input, since),
            since=since,
            costs_changed=_changed(manifest.decision.costs, decision.costs),
            requests=open_since(asked, newest),
            reason=monitoring.reason,
        ),
        monitoring.retrain,
        today=dt.date.fromisoformat(today),
    )
    logger.info("decided: %s", found.in_words)
    return found.model_dump(mode="json")


def raise_alerts(
    drift_verdict: dict[str, Any],
    performance_report: dict[str, Any],
    retraining_decision: dict[str, Any],
    data_quality_report: dict[str, Any],
    alerts: Alerts,
) -> Raised:
    """Return the alerts that hold, for the book and the sinks to tell."""
    facts = facts_of(
        DriftVerdict.model_validate(drift_verdict),
        PerformanceReport.model_validate(performance_report),
        RetrainDecision.model_validate(retraining_decision),
        data_quality_report,
    )
    found = alerts_of(facts, alerts.rules, report=alerts.report)
    for alert in found:
        logger.info("%s: %s", alert.severity, alert.title)
    return Raised(tuple(found), dt.timedelta(hours=alerts.repeat_hours))


def _trial(found: dict[str, Any]) -> Trial:
    """Return what became of another calibration that was tried."""
    verdict = Verdict.model_validate(found)
    return Trial(better=verdict.approved, text="; ".join(verdict.reasons))


def _new_labels(model_input: pd.DataFrame, learnt: FittedOn) -> int:
    """Return how many rows with a known label are newer than those learnt from."""
    dates = pd.to_datetime(model_input["observation_date"])
    newer = dates > pd.Timestamp(learnt.facts.last)
    return int((newer & model_input["label"].notna()).sum())


def _churners_since(model_input: pd.DataFrame, since: dt.date | None) -> int | None:
    """Return how many rows churned since the champion fell; None where it did not."""
    if since is None:
        return None
    dates = pd.to_datetime(model_input["observation_date"])
    newer = dates >= pd.Timestamp(since)
    return int((newer & (model_input["label"] == 1)).sum())


def _newest_label(model_input: pd.DataFrame) -> dt.date | None:
    """Return the newest observation date with known labels; None: there is none."""
    dates = pd.to_datetime(model_input["observation_date"])
    known = dates[model_input["label"].notna()]
    return None if known.empty else known.max().date()


def _changed(before: Decision, after: Decision) -> tuple[str, ...]:
    """Return the names of the costs and values that differ."""
    return tuple(
        field.name
        for field in fields(Decision)
        if getattr(before, field.name) != getattr(after, field.name)
    )

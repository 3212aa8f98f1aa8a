"""What a watch found as a flat table of facts, which the rules of alerts go by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn_pipeline.monitoring.alerts.rules import Fact
from churn_pipeline.monitoring.decision import RetrainDecision
from churn_pipeline.monitoring.performance_report import PerformanceReport
from churn_pipeline.monitoring.verdict import NOTHING_NEWER, DriftVerdict


def facts_of(
    verdict: DriftVerdict,
    performance: PerformanceReport,
    decision: RetrainDecision,
    quality: Mapping[str, Any],
) -> dict[str, Fact]:
    """Return the facts of a watch, by name.

    Args:
        verdict: What became of inputs, predictions and churn rate.
        performance: How good the champion is.
        decision: What is done about the champion.
        quality: The data quality report: `tables` with `rows` and `rejected`, and
            `findings`.

    Returns:
        `drift.` facts where something was compared, `performance.`, `data.` and
        `decision.` facts; see docs/monitoring.md.
    """
    compared = verdict.verdict != NOTHING_NEWER
    return {
        "drift.compared": compared,
        **(_of_drift(verdict) if compared else {}),
        **_of_performance(performance),
        **_of_rest(decision, quality),
    }


def _of_drift(verdict: DriftVerdict) -> dict[str, Fact]:
    found: dict[str, Fact] = {
        "drift.confirmed": verdict.confirmed,
        "drift.columns": float(len(verdict.drifted)),
        "drift.share": verdict.share_drifted,
        "drift.prediction": verdict.prediction.drifted,
        "drift.faults": float(len(verdict.faults)),
        "drift.cost": verdict.cost,
    }
    if verdict.target is not None:
        found["drift.churn_rate"] = verdict.target.rate
        found["drift.churn_rate_moved"] = verdict.target.drifted
    return found


def _of_performance(report: PerformanceReport) -> dict[str, Fact]:
    told: dict[str, Fact] = {"performance.estimated_worse": report.expected}
    for name, measured in report.estimated.items():
        told[f"performance.estimated_{name}"] = measured.value
    if report.realised is None:
        return told
    for name, measured in report.realised.items():
        told[f"performance.{name}"] = measured.value
    return told | {
        "performance.degraded": report.degraded,
        "performance.confirmed": report.confirmed,
    }


def _of_rest(decision: RetrainDecision, quality: Mapping[str, Any]) -> dict[str, Fact]:
    tables = quality["tables"].values()
    rows = sum(table["rows"] for table in tables)
    return {
        "data.rejected_share": sum(t["rejected"] for t in tables) / max(1, rows),
        "data.findings": float(len(quality["findings"])),
        "decision.action": str(decision.action),
        "decision.held": bool(decision.held),
        "decision.missing": float(len(decision.missing)),
    }

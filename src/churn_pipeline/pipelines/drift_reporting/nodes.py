"""Compare the newest inputs and predictions with what the champion learnt from."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd

from churn_pipeline.dataset import Dataset
from churn_pipeline.monitoring.drift import Sample
from churn_pipeline.monitoring.history import Watch
from churn_pipeline.monitoring.judge import Model, Windows, judge
from churn_pipeline.monitoring.params import DriftReporting
from churn_pipeline.monitoring.target import TargetVerdict, target_drift
from churn_pipeline.monitoring.verdict import (
    NOTHING_NEWER,
    DriftVerdict,
    first_names,
)
from churn_pipeline.pipelines.drift_reporting.samples import KEYS, dates_of

logger = logging.getLogger(__name__)

EVIDENTLY_ROWS = 50_000
"""Rows of each side that Evidently's own tests see, at most: its distances do not grow
with more, its time does."""


def judge_churn_rate(
    model_input_of_champion: pd.DataFrame,
    model_input: pd.DataFrame,
    drift_current: pd.DataFrame,
    drift_reporting: DriftReporting,
) -> dict[str, Any]:
    """Return what became of the churn rate, see `TargetVerdict`.

    Args:
        model_input_of_champion: The version of `model_input` that it was made from.
        model_input: The newest one, with the labels that have matured by now.
        drift_current: The rows to judge; labels of later dates are left out.
        drift_reporting: The rule.

    Returns:
        `target`; None where no label newer than the champion's has matured.
    """
    found = target_drift(
        _labels(model_input_of_champion),
        _labels(model_input),
        until=dates_of(drift_current)[0].item(),
        rule=drift_reporting.rule,
    )
    return {"target": None if found is None else found.model_dump(mode="json")}


def judge_drift(
    *,
    drift_reference: pd.DataFrame,
    drift_current: pd.DataFrame,
    churn_rate_verdict: dict[str, Any],
    watch_history: list[dict[str, Any]],
    champion: Any,
    drift_reporting: DriftReporting,
    seed: int,
) -> dict[str, Any]:
    """Return the verdict, see `DriftVerdict`."""
    manifest, target = champion.manifest, churn_rate_verdict["target"]
    kinds = {
        f.name: f.type
        for f in manifest.features
        if f.name not in drift_reporting.ignore
    }
    verdict = judge(
        _sample(drift_reference),
        _sample(drift_current),
        kinds,
        model=Model(
            version=manifest.version,
            predict=champion.predict,
            decision=manifest.decision,
            topics=champion.topics,
            importance=champion.importance,
        ),
        rule=drift_reporting.rule,
        seed=seed,
        windows=Windows(
            tuple(Watch.model_validate(watch) for watch in watch_history),
            drift_reporting.windows,
        ),
        target=None if target is None else TargetVerdict.model_validate(target),
        is_newer=not drift_reference.equals(drift_current),
    )
    _tell(verdict)
    return verdict.model_dump(mode="json")


def keep_watch(drift_verdict: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the history keeps of a verdict: nothing where none was compared."""
    verdict = DriftVerdict.model_validate(drift_verdict)
    if verdict.verdict == NOTHING_NEWER:
        return []
    return [verdict.watch().model_dump(mode="json")]


def judge_by_evidently(
    drift_reference: pd.DataFrame,
    drift_current: pd.DataFrame,
    drift_verdict: dict[str, Any],
) -> dict[str, Any]:
    """Return what Evidently says by its own tests, see `EvidentlyVerdict`."""
    from churn_pipeline.monitoring.evidently_verdict import evidently_verdict

    verdict = DriftVerdict.model_validate(drift_verdict)
    compared = verdict.verdict != NOTHING_NEWER
    columns = [verdict.prediction, *verdict.columns] if compared else []
    found = evidently_verdict(
        _evenly(drift_reference, EVIDENTLY_ROWS),
        _evenly(drift_current, EVIDENTLY_ROWS),
        columns,
    )
    return found.model_dump(mode="json")


def draw_drift_report(
    *,
    drift_reference: pd.DataFrame,
    drift_current: pd.DataFrame,
    drift_verdict: dict[str, Any],
    evidently_verdict: dict[str, Any],
    watch_history: list[dict[str, Any]],
    drift_reporting: DriftReporting,
    dataset: Dataset,
) -> str:
    """Return the verdict as one page, with Evidently's drawing of what moved."""
    from churn_pipeline.monitoring.evidently_report import drift_page
    from churn_pipeline.monitoring.evidently_verdict import EvidentlyVerdict
    from churn_pipeline.monitoring.report import drift_report

    verdict = DriftVerdict.model_validate(drift_verdict)
    drawings = ""
    if verdict.verdict != NOTHING_NEWER:
        columns = verdict.columns[: drift_reporting.report_columns - 1]
        drawings = drift_page(
            _evenly(drift_reference, drift_reporting.report_rows),
            _evenly(drift_current, drift_reporting.report_rows),
            [verdict.prediction, *columns],
        )
    return drift_report(
        verdict,
        evidently=EvidentlyVerdict.model_validate(evidently_verdict),
        history=[Watch.model_validate(watch) for watch in watch_history],
        dataset=dataset,
        drawings=drawings,
    )


def draw_drift_overview(drift_verdict: dict[str, Any]) -> Any:
    """Return a figure of how far each column moved, beside its limit."""
    from churn_pipeline.monitoring.figures import drift_overview

    return drift_overview(DriftVerdict.model_validate(drift_verdict))


def _sample(frame: pd.DataFrame) -> Sample:
    """Return the arrays of a frame."""
    columns = {
        name: frame[name].to_numpy() for name in frame.columns if name not in KEYS
    }
    return Sample(columns, dates_of(frame), frame["customer_id"].to_numpy())


def _labels(
    model_input: pd.DataFrame,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, np.dtype[np.datetime64]]]:
    """Return labels, float64 with NaN where not mature, and their dates."""
    return model_input["label"].to_numpy(np.float64), dates_of(model_input)


def _evenly(frame: pd.DataFrame, at_most: int) -> pd.DataFrame:
    """Return at most so many rows, evenly spread over the frame."""
    step = max(1, -(-len(frame) // at_most))
    return frame.iloc[::step]


def _tell(verdict: DriftVerdict) -> None:
    """Say the verdict in one line, the furthest columns in another."""
    logger.info("drift on %s: %s", verdict.current_date, verdict.in_words)
    if verdict.drifted:
        far = [f"{c.name} {c.effect:.0%}" for c in verdict.columns if c.drifted]
        logger.info("share of customers moved: %s", first_names(far))
    if verdict.others_drifted:
        logger.info("beyond their limits: %s", first_names(verdict.others_drifted))
    if verdict.causes:
        logger.info("costliest: %s", _cost_in_words(verdict))
    if verdict.alarm_in_words:
        logger.info("%s", verdict.alarm_in_words)
    if verdict.not_judged:
        logger.info(
            "columns that cannot be judged, for they move from date to date anyway: %s",
            first_names(verdict.not_judged),
        )


def _cost_in_words(verdict: DriftVerdict) -> str:
    """Return the costliest causes with what they lose."""
    told = [f"{cause.name} {cause.cost:.3g}" for cause in verdict.causes]
    return f"{first_names(told, 3)} (money a customer, should it be a fault)"

"""Estimate and measure how good the champion is, month by month."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import numpy as np
import pandas as pd

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.slices import groups, levels
from churn_pipeline.io.prediction_log import PredictionLog
from churn_pipeline.monitoring.cohorts import Judge, Month, segmented
from churn_pipeline.monitoring.estimate import Measured
from churn_pipeline.monitoring.history import Watch
from churn_pipeline.monitoring.params import PerformanceReporting
from churn_pipeline.monitoring.performance import realised, watches
from churn_pipeline.monitoring.performance_report import PerformanceReport, Segment
from churn_pipeline.monitoring.wander import Wander, learn_wander, overlap_of
from churn_pipeline.monitoring.windows import Window, logged_months
from churn_pipeline.pipelines.evaluation.rows import (
    PROBABILITY,
    THRESHOLD,
    VALUE,
    group_values,
    held_out,
)
from churn_pipeline.pipelines.performance_reporting.scored import (
    answered_unseen,
    cells_of,
    dates_of,
    scored,
)
from churn_pipeline.release.artifact import Artifact, ArtifactError
from churn_pipeline.release.reigning import Reigning
from churn_pipeline.serving.journal.feedback import maturity_days

logger = logging.getLogger(__name__)

KEYS = ["customer_id", "observation_date"]


def check_calibration(
    *,
    held_out_of_champion: pd.DataFrame,
    model_input_of_champion: pd.DataFrame,
    champion: Artifact,
    champion_as_measured: Reigning | ArtifactError,
    performance_reporting: PerformanceReporting,
    seed: int,
) -> dict[str, Any]:
    """Return what is known of the champion on rows that it was not fit on.

    Args:
        held_out_of_champion: Probabilities of its training rows by models that were
            not fit on them.
        model_input_of_champion: The rows that it was made from, the test's too.
        champion: The released artifact.
        champion_as_measured: The same as it was measured on the test split.
        performance_reporting: Draws and coverage.
        seed: Of the draws.

    Returns:
        `wander`: how its calibration differs from date to date, see `Wander`;
        `reference`: its metrics on the dates of the test split, with intervals: of all
        customers, each by a model that was not fit on it.

    Raises:
        ArtifactError: The files of the measured model are missing or altered.
    """
    if isinstance(champion_as_measured, ArtifactError):
        raise champion_as_measured
    trained = held_out_of_champion.rename(
        columns={champion.manifest.family: PROBABILITY}
    )
    told = answered_unseen(
        model_input_of_champion, trained, champion_as_measured.measured
    )
    parts = {
        day: (part[PROBABILITY].to_numpy(np.float64), part["label"].to_numpy())
        for day, part in told.groupby(dates_of(told))
    }
    tested = dates_of(held_out(model_input_of_champion)).unique()
    label = champion.manifest.label
    looks_at = 0 if label.rule == "column" else label.horizon_days
    wander = learn_wander([*parts.values()], overlap=overlap_of([*parts], looks_at))
    reference = realised(
        cells_of(told[dates_of(told).isin(tested)]),
        champion.manifest.decision,
        draws=performance_reporting.draws,
        coverage=performance_reporting.coverage,
        seed=seed,
    )
    return {
        "wander": _as_json(wander),
        "reference": {n: found.model_dump() for n, found in reference.items()},
    }


def score_cohorts(
    model_input: pd.DataFrame, champion: Artifact, feature_set: dict[str, Any]
) -> pd.DataFrame:
    """Return the customers newer than what the champion learnt from, scored.

    Returns:
        `customer_id`, `observation_date`, `label` (NaN: not known), `matured`
        (whether the labels of its date are settled), `churn_probability`,
        `threshold`, `customer_value` and the columns of segments.
    """
    newer = dates_of(model_input) > champion.manifest.fitted.facts.last
    rows = model_input[newer].reset_index(drop=True)
    if rows.empty:
        names = [*KEYS, "label", "matured", PROBABILITY, THRESHOLD, VALUE]
        return pd.DataFrame(columns=names)
    return scored(rows, champion, feature_set["segments"]).assign(
        matured=(rows["split"] != "not_mature").to_numpy()
    )


def read_log(
    prediction_log: PredictionLog | None,
    champion: Artifact,
    performance_reporting: PerformanceReporting,
) -> list[Month]:
    """Return the months that the service has answered in; none without a log."""
    if prediction_log is None:
        return []
    manifest, now = champion.manifest, prediction_log.now_ns
    tomorrow = dt.datetime.fromtimestamp(now / 1e9, dt.UTC).date() + dt.timedelta(1)
    found = logged_months(
        prediction_log.url,
        Window(tomorrow - dt.timedelta(performance_reporting.log_days), tomorrow),
        model_version=manifest.version,
        maturity_days=maturity_days(manifest.label),
        now_ns=now,
        usual_value=manifest.decision.usual_value,
        memory=performance_reporting.log_memory,
    )
    return [
        Month(one.month, one.newest, one.cells, matured=one.matured, source="log")
        for one in found
    ]


def judge_performance(
    *,
    scored_cohorts: pd.DataFrame,
    logged: list[Month],
    calibration_check: dict[str, Any],
    model_input: pd.DataFrame,
    champion: Artifact,
    feature_set: dict[str, Any],
    performance_reporting: PerformanceReporting,
    seed: int,
) -> dict[str, Any]:
    """Return the verdict, see `PerformanceReport`."""
    manifest = champion.manifest
    reference = calibration_check["reference"]
    judge = Judge(
        model_version=manifest.version,
        labels_until=manifest.fitted.labels_until,
        decision=manifest.decision,
        wander=_from_json(calibration_check["wander"]),
        reference={n: Measured.model_validate(m) for n, m in reference.items()},
        rule=performance_reporting,
        seed=seed,
    )
    rows = _once_a_month(scored_cohorts)
    months = [*_months(rows), *logged]
    segments = _segments(rows, segmented(months), judge, feature_set["segments"])
    report = judge.report(months, segments, dates_of(model_input).max())
    _tell(report)
    return report.model_dump(mode="json")


def keep_performance(
    performance_report: dict[str, Any], watch_history: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return what the history does not know yet of estimates and labels."""
    report = PerformanceReport.model_validate(performance_report)
    history = [Watch.model_validate(watch) for watch in watch_history]
    return [watch.model_dump(mode="json") for watch in watches(report, history)]


def draw_performance_page(
    performance_report: dict[str, Any],
    watch_history: list[dict[str, Any]],
    dataset: Dataset,
) -> str:
    """Return the verdict as one page."""
    from churn_pipeline.monitoring.performance_page import performance_page

    return performance_page(
        PerformanceReport.model_validate(performance_report),
        history=[Watch.model_validate(watch) for watch in watch_history],
        dataset=dataset,
    )


def draw_performance_overview(performance_report: dict[str, Any]) -> Any:
    """Return a figure of the estimated metrics beside the realised ones, by month."""
    from churn_pipeline.monitoring.performance_figures import performance_overview

    report = PerformanceReport.model_validate(performance_report)
    return performance_overview(report)


def _once_a_month(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the first row of each customer and month, with `_month` and `_date`."""
    date = pd.to_datetime(rows["observation_date"])
    dated = rows.assign(_date=date, _month=date.dt.to_period("M").dt.to_timestamp())
    ordered = dated.sort_values("_date", kind="stable")
    return ordered.drop_duplicates(["customer_id", "_month"])


def _months(rows: pd.DataFrame) -> list[Month]:
    """Return the months of the scored rows."""
    return [
        Month(
            pd.Timestamp(str(month)).date(),
            part["_date"].max().date(),
            cells_of(part),
            matured=bool(part["matured"].all()),
        )
        for month, part in rows.groupby("_month")
    ]


def _segments(
    rows: pd.DataFrame, month: Month | None, judge: Judge, names: list[str]
) -> list[Segment]:
    """Return the segments of a month."""
    if month is None:
        return []
    of_month = rows[rows["_month"] == pd.Timestamp(month.month)]
    return [
        judge.segment(name, level, cells_of(of_month[inside]), matured=month.matured)
        for name in names
        for level, inside in groups(levels(group_values(of_month, name)))
    ]


def _as_json(wander: Wander) -> dict[str, Any]:
    return {name: np.asarray(value).tolist() for name, value in vars(wander).items()}


def _from_json(told: dict[str, Any]) -> Wander:
    arrays = {n: np.array(v) for n, v in told.items() if isinstance(v, list)}
    return Wander(**{**told, **arrays})


def _tell(report: PerformanceReport) -> None:
    """Say the verdict in a line, and what is worse in others."""
    logger.info("performance: %s", report.in_words)
    for reason in report.reasons:
        logger.info("%s", reason)

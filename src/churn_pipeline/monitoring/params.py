"""Parameters of the drift report and of the performance report."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from churn_pipeline.monitoring.drift import DriftRule
from churn_pipeline.monitoring.performance_report import Limits
from churn_pipeline.monitoring.window_rule import WindowRule
from churn_pipeline.params import Params

Split = Literal["train", "gap", "test"]


class DriftReporting(Params):
    """What the drift report compares (root key `drift_reporting`).

    Attributes:
        current_date: Observation date to judge; None takes the newest.
        reference_splits: Splits of `model_input` to compare with.
        max_rows: Rows of each side that are compared, at most.
        ignore: Features that are not judged.
        rule: When a column counts as drifted.
        windows: In how many of the last windows something drifts to be an alarm.
        report_rows: Rows of each side that Evidently draws, at most.
        report_columns: Columns that Evidently draws, the furthest first.
    """

    current_date: dt.date | None = None
    reference_splits: tuple[Split, ...] = Field(min_length=1)
    max_rows: int = Field(default=200_000, ge=100)
    ignore: tuple[str, ...] = ()
    rule: DriftRule = DriftRule()
    windows: WindowRule = WindowRule()
    report_rows: int = Field(default=3_000, ge=100)
    report_columns: int = Field(default=12, ge=1, le=15)


class PerformanceReporting(Params):
    """How performance is estimated and judged (root key `performance_reporting`).

    Attributes:
        coverage: Share of the intervals that hold the truth.
        draws: How often labels, or customers, are drawn for an interval.
        segment_draws: The same of a segment's estimate.
        min_rows: Fewest labelled customers of a month or segment that is judged.
        min_churners: Fewest of them that churned, and fewest that stayed.
        limits: From which on a metric is worse.
        windows: In how many of the last mature months it is, to be confirmed.
        log_days: Days of the prediction log that are read, up to now.
        log_memory: Memory that reading it may take.
    """

    coverage: float = Field(default=0.95, gt=0, lt=1)
    draws: int = Field(default=400, ge=20)
    segment_draws: int = Field(default=100, ge=20)
    min_rows: int = Field(default=100, ge=1)
    min_churners: int = Field(default=20, ge=1)
    limits: Limits = Limits()
    windows: WindowRule = WindowRule()
    log_days: int = Field(default=400, ge=1)
    log_memory: str = Field(default="1GB", pattern=r"^[0-9]+(MB|GB)$")

"""Parameters of the drift report."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from churn_pipeline.monitoring.drift import DriftRule
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

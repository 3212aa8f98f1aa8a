"""What pipelines leave for the page, written as they write it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

VERSION = "2026-02-01T06.00.00.000Z"
LIST = pd.DataFrame(
    {
        "rank": [1, 2, 3],
        "customer_id": ["C-2", "=cmd|'/c calc'!A0", "<b>C-3</b>"],
        "churn_probability": [0.9, 0.5, 0.4],
        "expected_profit": [30.0, 20.5, 10.0],
        "expected_spend": [10.0, 12.0, 14.0],
        "currency": "EUR",
        "certainty": ["leaves", "not_sure", "stays"],
        "reasons": ["Plan: basic (typically plus); Months: 3 (typically 20)", "", ""],
        "region": ["north", "south", None],
    }
)
ASSIGNED = pd.DataFrame(
    {
        "campaign": "spring",
        "customer_id": ["C-2", "C-9"],
        "observation_date": pd.Timestamp("2026-02-01"),
        "arm": ["call", "control"],
        "rank": pd.array([1, None], dtype="Int64"),
        "churn_probability": [0.9, 0.8],
        "expected_profit": [30.0, 25.0],
    }
)


def leave_list(
    outputs: Path,
    version: str = VERSION,
    rows: pd.DataFrame = LIST,
    assigned: pd.DataFrame = ASSIGNED,
) -> None:
    """Write a list to call, and who is on it and who is kept aside."""
    rows.to_csv(_file(outputs, "call_list.csv", version), index=False)
    assigned.to_parquet(_file(outputs, "call_assignments.parquet", version))


def leave_campaign(
    outputs: Path, name: str, share: float, version: str = VERSION
) -> None:
    """Write by what customers are kept aside."""
    told = {"name": name, "control_share": share}
    _file(outputs, "campaign.json", version).write_text(json.dumps(told))


def leave_outcomes(
    outputs: Path, version: str = VERSION, rows: pd.DataFrame | None = None
) -> None:
    """Write what became of those of a list."""
    rows = ASSIGNED.assign(label=[1.0, None]) if rows is None else rows
    rows.to_parquet(_file(outputs, "call_outcomes.parquet", version))


def leave_report(reports: Path, name: str, told: Any, version: str = VERSION) -> None:
    """Write a report."""
    _file(reports, name, version).write_text(json.dumps(told), encoding="utf-8")


def _file(folder: Path, name: str, version: str) -> Path:
    file = folder / name / version / name
    file.parent.mkdir(parents=True, exist_ok=True)
    return file

"""Verdicts on drift and on performance, as short as they can be."""

import datetime as dt

from churn_pipeline.monitoring.cost import Cause
from churn_pipeline.monitoring.drift import ColumnDrift, DriftRule
from churn_pipeline.monitoring.estimate import Measured
from churn_pipeline.monitoring.faults import Fault
from churn_pipeline.monitoring.performance_report import (
    Cohort,
    PerformanceReport,
    Worse,
)
from churn_pipeline.monitoring.target import TargetVerdict
from churn_pipeline.monitoring.verdict import DriftVerdict


def _column(name, *, drifted=False):
    return ColumnDrift(
        name=name,
        kind="number",
        effect=0.3 if drifted else 0.02,
        ordinary=0.05,
        limit=0.15,
        judged=True,
        p_value=0.5,
        p_corrected=1.0,
        drifted=drifted,
        reference={"mean": 1.0},
        current={"mean": 2.0},
    )


QUIET = DriftVerdict(
    verdict="quiet",
    drifted=(),
    not_judged=(),
    share_drifted=0.0,
    current_date=dt.date(2026, 2, 1),
    reference_dates=(dt.date(2025, 1, 1), dt.date(2025, 6, 1)),
    current_rows=10,
    reference_rows=10,
    model_version="v1",
    prediction=_column("churn_probability"),
    columns=(_column("strong"), _column("weak")),
    rule=DriftRule(),
)


def drifted(name, *, confirmed=True, cost=0.0):
    """A column drifted."""
    causes = (Cause.model_construct(name=name, columns=(name,), cost=cost),)
    update = {
        "verdict": "drift",
        "confirmed": confirmed,
        "drifted": (name,),
        "columns": (_column(name, drifted=True),),
        "causes": causes,
    }
    return QUIET.model_copy(update=update)


def moved_rate():
    """More customers leave, and nothing else moved."""
    target = TargetVerdict(
        rate=0.1,
        low=0.09,
        high=0.11,
        date=dt.date(2026, 1, 1),
        rows=1000,
        reference=0.05,
        ordinary=0.01,
        limit=0.02,
        p_value=0.0,
        drifted=True,
        confirmed=True,
    )
    update = {"verdict": "drift", "confirmed": True, "target": target}
    return QUIET.model_copy(update=update)


def faulty(kind, name):
    """Values of a column are wrong."""
    fault = Fault(
        name=name,
        kind=kind,
        share=0.5,
        reference=0.0,
        ordinary=0.0,
        limit=0.05,
        p_corrected=0.0,
        confirmed=True,
    )
    update = {"verdict": "drift", "confirmed": True, "faults": (fault,)}
    return QUIET.model_copy(update=update)


def performance(*worse, confirmed=True):
    """Labels of a month have matured; these metrics are worse by them."""
    month = dt.date(2025, 12, 1)
    found = tuple(
        Worse(metric=name, against="release", then=0.8, now=0.7, limit=0.05, seen=True)
        for name in worse
    )
    cohort = Cohort(month=month, date=month, source="features", rows=9, worse=found)
    return PerformanceReport(
        date=dt.date(2026, 2, 1),
        window=(month, dt.date(2026, 2, 1)),
        model_version="v1",
        rows=20,
        matured=9,
        estimated={"roc_auc": Measured(value=0.8, low=0.7, high=0.9)},
        realised={"roc_auc": Measured(value=0.7, low=0.65, high=0.75)},
        realised_month=month,
        reference={},
        cohorts=(cohort,),
        by_segment=(),
        degraded=bool(worse),
        confirmed=bool(worse) and confirmed,
        expected=False,
        reasons=(),
        unseen=(),
        coverage=0.95,
        dates=5,
    )


UNKNOWN = performance().model_copy(
    update={"realised": None, "realised_month": None, "matured": 0}
)
"""No label newer than the model's has matured."""

"""What came of a replay, in a few numbers."""

from __future__ import annotations

import datetime as dt

from churn_pipeline.replay.figures import Figures
from churn_pipeline.replay.result import (
    FROZEN,
    HAZARD,
    LOOP,
    MONTHLY,
    Event,
    Month,
    Replayed,
)


def replayed(frozen=1.0, monthly=3.0, loop=2.8, truth=5.0):
    """Return two months in which each way earned so much a customer."""
    earned = {FROZEN: frozen, MONTHLY: monthly, LOOP: loop, HAZARD: truth}
    figures = {
        name: Figures(profit=value, roc_auc=0.9, calibration=0.01, predicted=0.1,
                      called=0.2)
        for name, value in earned.items()
    }  # fmt: skip
    quiet = Month(date=dt.date(2026, 1, 1), figures=figures)
    busy = Month(
        date=dt.date(2026, 2, 1),
        figures=figures,
        alerts=("drift_confirmed",),
        action="retrain",
        decided="retrain: confirmed drift of <tenure>",
        reasons=("drift",),
        released="1.1.0",
    )
    return Replayed(
        dataset="company",
        unit="month",
        currency="EUR",
        seed=1,
        customers=900.0,
        months=(quiet, busy),
        planted=(Event(start=dt.date(2026, 2, 1), name="other prices"),),
        retrainings=1,
        recalibrations=0,
        retrainings_monthly=1,
    )

"""Kedro hooks: tracking, the console, the journal, the day of the run, its lines."""

from churn_pipeline.hooks.calls import CallsHook
from churn_pipeline.hooks.console import ConsoleHook
from churn_pipeline.hooks.journal import JournalHook
from churn_pipeline.hooks.quality import QualityHook
from churn_pipeline.hooks.today import TodayHook
from churn_pipeline.hooks.tracking import TrackingHook

__all__ = [
    "CallsHook",
    "ConsoleHook",
    "JournalHook",
    "QualityHook",
    "TodayHook",
    "TrackingHook",
]

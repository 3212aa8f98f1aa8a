"""Kedro hooks: tracking, console, journal, advice, a run's day, whether it is due."""

from churn_pipeline.hooks.advice import AdviceHook
from churn_pipeline.hooks.calls import CallsHook
from churn_pipeline.hooks.console import ConsoleHook
from churn_pipeline.hooks.due import DueHook
from churn_pipeline.hooks.journal import JournalHook
from churn_pipeline.hooks.quality import QualityHook
from churn_pipeline.hooks.today import TodayHook
from churn_pipeline.hooks.tracking import TrackingHook

__all__ = [
    "AdviceHook",
    "CallsHook",
    "ConsoleHook",
    "DueHook",
    "JournalHook",
    "QualityHook",
    "TodayHook",
    "TrackingHook",
]

"""Kedro hooks: tracking, the console, the journal, the day of the run, its page."""

from churn_pipeline.hooks.console import ConsoleHook
from churn_pipeline.hooks.journal import JournalHook
from churn_pipeline.hooks.quality import QualityHook
from churn_pipeline.hooks.today import TodayHook
from churn_pipeline.hooks.tracking import TrackingHook

__all__ = ["ConsoleHook", "JournalHook", "QualityHook", "TodayHook", "TrackingHook"]

"""Kedro hooks: tracking, the console, the journal, the day of the run."""

from churn_pipeline.hooks.console import ConsoleHook
from churn_pipeline.hooks.journal import JournalHook
from churn_pipeline.hooks.today import TodayHook
from churn_pipeline.hooks.tracking import TrackingHook

__all__ = ["ConsoleHook", "JournalHook", "TodayHook", "TrackingHook"]

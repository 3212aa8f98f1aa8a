"""Kedro hooks: tracking, the console, the journal that lets a killed run resume."""

from churn_pipeline.hooks.console import ConsoleHook
from churn_pipeline.hooks.journal import JournalHook
from churn_pipeline.hooks.tracking import TrackingHook

__all__ = ["ConsoleHook", "JournalHook", "TrackingHook"]

"""Kedro settings: hooks and configuration. Nothing heavy is imported here."""

from omegaconf.resolvers import oc

from churn_pipeline.hooks import (
    AdviceHook,
    CallsHook,
    ConsoleHook,
    DueHook,
    JournalHook,
    QualityHook,
    TodayHook,
    TrackingHook,
)
from churn_pipeline.hooks.context import ProjectContext
from churn_pipeline.hooks.loader import ProjectConfigLoader
from churn_pipeline.spill import spill_folder
from churn_pipeline.telemetry import switch_off

switch_off()

_tracking = TrackingHook()
# pluggy calls the last one first: a run that is not due leaves no trace, the day is
# settled and the journal clears up before anything is read.
HOOKS = (
    AdviceHook(),
    ConsoleHook(),
    QualityHook(),
    CallsHook(),
    _tracking,
    JournalHook(_tracking),
    TodayHook(),
    DueHook(),
)

CONTEXT_CLASS = ProjectContext

CONFIG_LOADER_CLASS = ProjectConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {
        # dataset.yml says what a data set is; catalog and parameters refer to it.
        "globals": ["globals.yml", "dataset.yml"],
        "mlflow": ["mlflow.yml"],
    },
    "custom_resolvers": {"oc.env": oc.env, "spill_folder": spill_folder},
}

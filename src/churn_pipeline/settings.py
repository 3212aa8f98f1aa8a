"""Kedro settings: hooks and configuration. Nothing heavy is imported here."""

import os

# Before any of these packages is imported: none of them phones home.
for _switch in (
    "DO_NOT_TRACK",
    "KEDRO_DISABLE_TELEMETRY",
    "BENTOML_DO_NOT_TRACK",
    "MLFLOW_DISABLE_TELEMETRY",
):
    os.environ.setdefault(_switch, "true")

from omegaconf.resolvers import oc

from churn_pipeline.hooks import ConsoleHook, TrackingHook

HOOKS = (TrackingHook(), ConsoleHook())

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {
        # dataset.yml says what a data set is; catalog and parameters refer to it.
        "globals": ["globals.yml", "dataset.yml"],
        "mlflow": ["mlflow.yml"],
    },
    "custom_resolvers": {"oc.env": oc.env},
}

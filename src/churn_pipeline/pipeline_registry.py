"""The project's pipelines by name."""

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline

from churn_pipeline.pipelines.wiring import folded

MAIN_JOB = (
    "data_validation",
    "feature_engineering",
    "training",
    "evaluation",
    "release",
    "scoring",
    "drift_reporting",
)
"""From raw tables to a released, scored and watched champion."""

STEPWISE = ("night",)
"""Made of other pipelines, which are boxes of their own."""


def register_pipelines() -> dict[str, Pipeline]:
    """Return the pipelines by name; `__default__` is the main job.

    `simulate` is apart: its output is raw data, which other data sets bring.

    Raises:
        KeyError: A pipeline was asked for that does not exist; Kedro then names the
            near ones.
    """
    try:
        pipelines = find_pipelines(raise_errors=True)
    except ImportError as error:
        if error.__cause__ is None:  # not found, rather than broken
            raise KeyError(str(error)) from error
        raise
    pipelines = {
        name: found if name in STEPWISE else folded(name, found)
        for name, found in pipelines.items()
    }
    pipelines["__default__"] = sum(
        (pipelines[name] for name in MAIN_JOB if name in pipelines), Pipeline([])
    )
    return pipelines

"""The pipeline of every night."""

from kedro.pipeline import Pipeline

from churn_pipeline.pipelines import (
    data_validation,
    feature_engineering,
    monitoring,
    scoring,
)
from churn_pipeline.pipelines.wiring import folded

_STEPS = (data_validation, feature_engineering, scoring, monitoring)


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline from raw tables to scores, a decision and alerts.

    Its steps keep their names, so that a scheduler may run them one by one.
    """
    return sum(
        (folded(s.__name__.rpartition(".")[2], s.create_pipeline()) for s in _STEPS),
        Pipeline([]),
    )

"""Whether the newest inputs and predictions still look like the training's."""

from churn_pipeline.pipelines.drift_reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]

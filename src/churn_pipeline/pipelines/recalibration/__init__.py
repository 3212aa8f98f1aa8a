"""Calibrate the champion again on what has become of customers since."""

from churn_pipeline.pipelines.recalibration.pipeline import create_pipeline

__all__ = ["create_pipeline"]

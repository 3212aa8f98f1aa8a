"""Make the champion anew: raw tables to a released model, from its settings on."""

from churn_pipeline.pipelines.retraining.pipeline import create_pipeline

__all__ = ["create_pipeline"]

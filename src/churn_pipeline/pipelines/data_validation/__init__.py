"""From raw tables to typed ones; bad rows set aside, bad tables stopped."""

from churn_pipeline.pipelines.data_validation.pipeline import create_pipeline

__all__ = ["create_pipeline"]

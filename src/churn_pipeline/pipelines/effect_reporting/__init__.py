"""What calls bring, by the customers who were kept aside."""

from churn_pipeline.pipelines.effect_reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]

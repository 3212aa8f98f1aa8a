"""What is run every night: the newest data validated, scored and watched."""

from churn_pipeline.pipelines.night.pipeline import create_pipeline

__all__ = ["create_pipeline"]

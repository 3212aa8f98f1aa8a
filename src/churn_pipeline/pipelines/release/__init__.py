"""Register the model, and make it the champion where the gate lets it pass."""

from churn_pipeline.pipelines.release.pipeline import create_pipeline

__all__ = ["create_pipeline"]

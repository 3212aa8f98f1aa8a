"""The simulated company as raw tables."""

from churn_pipeline.pipelines.simulate.pipeline import create_pipeline

__all__ = ["create_pipeline"]

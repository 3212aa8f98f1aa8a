"""Features, labels and splits: from typed tables to `model_input`."""

from churn_pipeline.pipelines.feature_engineering.pipeline import create_pipeline

__all__ = ["create_pipeline"]

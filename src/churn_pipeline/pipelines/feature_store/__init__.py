"""The feature store: the same features by customer and time, offline and online."""

from churn_pipeline.pipelines.feature_store.pipeline import create_pipeline

__all__ = ["create_pipeline"]

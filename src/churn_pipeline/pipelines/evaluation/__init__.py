"""How good the model is, for whom and why, and whether it may be released."""

from churn_pipeline.pipelines.evaluation.pipeline import create_pipeline

__all__ = ["create_pipeline"]

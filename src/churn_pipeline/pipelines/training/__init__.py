"""The training pipeline: `model_input` in, the tuned and calibrated artifact out."""

from churn_pipeline.pipelines.training.pipeline import create_pipeline

__all__ = ["create_pipeline"]

"""Scores of all customers at the newest observation date."""

from churn_pipeline.pipelines.scoring.pipeline import create_pipeline

__all__ = ["create_pipeline"]

"""Watch the champion, decide whether it is made anew, and tell who has to know."""

from churn_pipeline.pipelines.monitoring.pipeline import create_pipeline

__all__ = ["create_pipeline"]

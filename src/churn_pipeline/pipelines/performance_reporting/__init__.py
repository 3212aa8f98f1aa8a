"""How good the champion is: estimated at once, measured once labels have matured."""

from churn_pipeline.pipelines.performance_reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]

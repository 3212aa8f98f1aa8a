"""The evaluation pipeline: what is measured, what the gate says, what is shown."""

from kedro.pipeline import Pipeline

from churn_pipeline.pipelines.evaluation.gate_pipeline import gate_pipeline
from churn_pipeline.pipelines.evaluation.metrics_pipeline import metrics_pipeline
from churn_pipeline.pipelines.evaluation.report_pipeline import report_pipeline


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline from the artifact to metrics, plots, card and verdict."""
    return metrics_pipeline() + gate_pipeline() + report_pipeline()

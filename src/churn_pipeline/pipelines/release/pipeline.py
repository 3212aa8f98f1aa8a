"""The release pipeline."""

from kedro.pipeline import Node, Pipeline

from churn_pipeline.hooks.tracking import TRACKED
from churn_pipeline.pipelines.release.nodes import propose_release


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the pipeline that registers the model and may promote it."""
    return Pipeline(
        [
            Node(
                propose_release,
                inputs={
                    "artifact": "artifact",
                    "gate_verdict": "gate_verdict",
                    "metrics": "metrics",
                    "release": "params:release",
                },
                outputs="champion",
                name="propose_release",
                tags=[TRACKED],
            )
        ]
    )

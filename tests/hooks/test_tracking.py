"""What MLflow is told of parameters: flat values, no passwords."""

from __future__ import annotations

from typing import Any

from churn_pipeline.hooks.tracking import TrackingHook


class Received:
    """Stands for kedro-mlflow's hook, and keeps what it is given."""

    inputs: dict[str, Any]

    def before_node_run(
        self, _node: object, _catalog: object, inputs: dict[str, Any], _: bool
    ) -> None:
        self.inputs = inputs


def test_the_password_of_a_storage_is_not_logged() -> None:
    hook, received = TrackingHook(), Received()
    hook._mlflow = received  # type: ignore[assignment]
    storage = "postgresql://ann:secret@db/optuna"
    inputs = {"params:training": {"tuning": {"storage": storage}}, "table": 1}
    hook.before_node_run(None, None, inputs, False)  # type: ignore[arg-type]
    masked = "postgresql://ann:***@db/optuna"
    assert received.inputs == {"params:training": {"tuning": {"storage": masked}}}

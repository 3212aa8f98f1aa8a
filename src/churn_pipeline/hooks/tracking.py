"""MLflow tracking through kedro-mlflow, imported only by runs that are tracked.

Importing mlflow takes about 3 s. kedro-mlflow registers its hook by an entry point,
so that every `kedro run` would pay for it; this hook registers under the entry
point's name first, and hands over to the real one when a run has a tracked node.
"""

from __future__ import annotations

import dataclasses
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from pydantic import BaseModel

from churn_pipeline.masking import mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from kedro.framework.context import KedroContext
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node
    from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook

TRACKED = "tracked"
"""Tag of the nodes whose run is recorded in MLflow."""
_DATASET = "params:dataset"
"""Hundreds of values, of no use in a table of runs; in `parameters.json` instead."""


class TrackingHook:
    """Starts an MLflow run where a pipeline has a node tagged `tracked`."""

    # pluggy takes an object's __name__ as the name of the plugin, and skips an
    # entry point of a name that is taken.
    __name__ = "mlflow_hook"

    def __init__(self) -> None:
        self._context: KedroContext | None = None
        self._catalog: Any = None
        self._logged: set[str] = set()
        self._mlflow: MlflowHook | None = None

    @property
    def run_id(self) -> str | None:
        """The MLflow run of this run; None where it is not tracked."""
        return self._mlflow.run_id if self._mlflow is not None else None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Remember the context; MLflow is set up by the first tracked run."""
        self._context, self._mlflow, self._logged = context, None, set()

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Any
    ) -> None:
        """Start the MLflow run, named by the version of what this run writes."""
        self._catalog = catalog
        if not any(TRACKED in node.tags for node in pipeline.nodes):
            return
        from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook

        self._mlflow = MlflowHook()
        self._mlflow.after_context_created(self._context)
        self._mlflow.mlflow_config.tracking.run.name = run_params["run_id"]
        # kedro-mlflow starts the run again before each node. Nested, each start would
        # count, and one end at the end leave the run open to the next of the process.
        self._mlflow.mlflow_config.tracking.run.nested = False
        self._mlflow.before_pipeline_run(mask(run_params), pipeline, catalog)
        log_configuration(str(self.run_id), self._context)

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: Any, inputs: dict[str, Any], is_async: bool
    ) -> None:
        """Log parameters once and flat: kedro-mlflow logs a model as one text."""
        if self._mlflow is None:
            return
        new = {
            name: mask(_as_dict(value))
            for name, value in inputs.items()
            if name.startswith("params:") and name not in self._logged | {_DATASET}
        }
        self._logged |= set(new)
        self._mlflow.before_node_run(node, catalog, new, is_async)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Record what the catalog marks with `metadata: {mlflow: ...}`.

        `metrics` records a flat mapping of numbers, `artifact` the file, `trials`
        each row of a tuning study as a child run.
        """
        dataset = self._catalog.get(dataset_name) if self._mlflow else None
        kind = (getattr(dataset, "metadata", None) or {}).get("mlflow")
        if kind == "metrics":
            log_metrics(str(self.run_id), data)
        elif kind == "artifact":
            log_artifact(str(self.run_id), dataset)
        elif kind == "trials":
            log_trials(str(self.run_id), data)

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Any
    ) -> None:
        """End the MLflow run."""
        if self._mlflow is not None:
            self._mlflow.after_pipeline_run(run_params, pipeline, catalog)

    @hook_impl
    def on_pipeline_error(
        self, error: Exception, run_params: dict[str, Any], pipeline: Any, catalog: Any
    ) -> None:
        """Mark the MLflow run as failed."""
        if self._mlflow is not None:
            self._mlflow.on_pipeline_error(error, run_params, pipeline, catalog)


def log_configuration(run_id: str, context: KedroContext | None) -> None:
    """Record all parameters as one file, with the description of the data set."""
    from mlflow.tracking import MlflowClient

    params = context.params if context is not None else {}
    values = {name: mask(_as_dict(value)) for name, value in params.items()}
    MlflowClient().log_dict(run_id, values, "parameters.json")


def log_metrics(run_id: str, metrics: Mapping[str, Any]) -> None:
    """Record the finite numbers of a flat mapping under a run."""
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

    now = time.time_ns() // 1_000_000
    numbers = [
        Metric(name, float(value), now, 0)
        for name, value in metrics.items()
        if isinstance(value, int | float) and math.isfinite(value)
    ]
    MlflowClient().log_batch(run_id, metrics=numbers)


def log_artifact(run_id: str, dataset: Any) -> None:
    """Record the file or folder that a catalog dataset has just saved."""
    from mlflow.tracking import MlflowClient

    path = Path(str(dataset._get_load_path()))
    upload = (
        MlflowClient().log_artifacts if path.is_dir() else MlflowClient().log_artifact
    )
    upload(run_id, str(path), path.name if path.is_dir() else "reports")


def log_trials(run_id: str, trials: pd.DataFrame) -> None:
    """Record each trial of a study as a finished child of a run.

    Args:
        run_id: The parent run.
        trials: One row a trial: `number`, `state`, `value`, `seconds`, `params.*`.
    """
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.tracking import MlflowClient

    client = MlflowClient()
    parent = client.get_run(run_id)
    now = time.time_ns() // 1_000_000
    for row in trials.to_dict("records"):
        child = client.create_run(
            parent.info.experiment_id,
            tags={"mlflow.parentRunId": run_id},
            run_name=f"trial {row['number']}",
        )
        measured = [
            Metric(name, float(row[name]), now, 0)
            for name in ("value", "seconds")
            if row.get(name) is not None and math.isfinite(row[name])
        ]
        chosen = [
            Param(str(name).removeprefix("params."), str(value))
            for name, value in row.items()
            if str(name).startswith("params.")
        ]
        tags = [RunTag("state", str(row["state"]))]
        client.log_batch(child.info.run_id, measured, chosen, tags)
        client.set_terminated(child.info.run_id)


def _as_dict(value: Any) -> Any:
    """Return a parameter model as plain values, anything else as it came."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value

"""MLflow tracking through kedro-mlflow, imported only by runs that are tracked.

Importing mlflow takes about 3 s. kedro-mlflow registers its hook by an entry point,
so that every `kedro run` would pay for it; this hook registers under the entry
point's name first, and hands over to the real one when a run has a tracked node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node
    from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook

TRACKED = "tracked"
"""Tag of the nodes whose run is recorded in MLflow."""


class TrackingHook:
    """Starts an MLflow run where a pipeline has a node tagged `tracked`."""

    # pluggy takes an object's __name__ as the name of the plugin, and skips an
    # entry point of a name that is taken.
    __name__ = "mlflow_hook"

    def __init__(self) -> None:
        self._context: KedroContext | None = None
        self._catalog_args: dict[str, Any] = {}
        self._mlflow: MlflowHook | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Remember the context; MLflow is set up by the first tracked run."""
        self._context = context
        self._mlflow = None

    @hook_impl
    def after_catalog_created(
        self,
        catalog: Any,
        conf_catalog: dict[str, Any],
        conf_creds: dict[str, Any],
        parameters: dict[str, Any],
        save_version: str,
        load_versions: dict[str, str],
    ) -> None:
        """Remember what kedro-mlflow asks for when a catalog is made."""
        self._catalog_args = {
            "catalog": catalog,
            "conf_catalog": conf_catalog,
            "conf_creds": conf_creds,
            "parameters": parameters,
            "save_version": save_version,
            "load_versions": load_versions,
        }

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Any
    ) -> None:
        """Start the MLflow run, named by the version of what this run writes."""
        if not any(TRACKED in node.tags for node in pipeline.nodes):
            return
        from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook

        self._mlflow = MlflowHook()
        self._mlflow.after_context_created(self._context)
        self._mlflow.after_catalog_created(**self._catalog_args)
        self._mlflow.before_pipeline_run(run_params, pipeline, catalog)

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: Any, inputs: dict[str, Any], is_async: bool
    ) -> None:
        """Log parameters flat: kedro-mlflow takes a pydantic model as one text."""
        if self._mlflow is None:
            return
        flat = {name: _as_dict(value) for name, value in inputs.items()}
        self._mlflow.before_node_run(node, catalog, flat, is_async)

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


def _as_dict(value: Any) -> Any:
    """Return a parameter model as plain values, anything else as it came."""
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if dump else value

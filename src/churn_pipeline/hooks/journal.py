"""Keeps the record of a run, and clears away what a killed run left half written."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from churn_pipeline.environment import require_environment
from churn_pipeline.lock import acquire
from churn_pipeline.masking import mask
from churn_pipeline.runs import RunRecord, Status, read_records

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from churn_pipeline.hooks.tracking import TrackingHook

logger = logging.getLogger(__name__)
_REQUEST = (
    "env",
    "pipeline_names",
    "tags",
    "from_nodes",
    "to_nodes",
    "node_names",
    "from_inputs",
    "to_outputs",
    "namespaces",
    "load_versions",
    "runtime_params",
)


class JournalHook:
    """Writes the record of a run node by node."""

    def __init__(self, tracking: TrackingHook) -> None:
        self._tracking = tracking
        self._project = Path()
        self._dataset = ""
        self._record: RunRecord | None = None
        self._lock: int | None = None
        self._before: Any = None

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Refuse an environment that does not exist; take note of the data set."""
        require_environment(
            context.env or "local", Path(str(context.config_loader.conf_source))
        )
        self._project = Path(context.project_path)
        self._dataset = context.config_loader["globals"]["dataset"]["name"]

    @hook_impl
    def before_pipeline_run(
        self,
        run_params: dict[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> None:
        """Take the lock and begin the record, or go on with the one that is resumed.

        Raises:
            BusyError: Another run is at work on the tables of the data set.
        """
        version = run_params["run_id"]
        self._unlock()  # a notebook's last run may have been interrupted
        self._lock = _lock(self._project, self._dataset, pipeline, catalog)
        records = {r.version: r for r in read_records(self._project, self._dataset)}
        clear_half_written(list(records.values()), catalog)
        asked = {key: run_params[key] for key in _REQUEST if run_params.get(key)}
        request = mask(asked)
        new = RunRecord(version=version, dataset=self._dataset, request=request)
        old = records.get(version)
        if old is not None:
            new = old.model_copy(
                update={
                    "status": "running",
                    "host": new.host,
                    "pid": new.pid,
                    "born": new.born,
                    "running": None,
                    "writing": [],
                }
            )
        new.save(self._project)
        self._record = new
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupt)

    @hook_impl
    def before_dataset_loaded(self, node: Node) -> None:
        """Note the node before as done: its outputs are saved by now."""
        if self._record is not None and self._record.running != node.name:
            self._close_node()

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Note the node at work; it stays so until its outputs are saved."""
        self._close_node()
        self._update(
            running=node.name,
            writing=list(node.outputs),
            mlflow_run_id=self._tracking.run_id,
        )

    @hook_impl
    def after_node_run(self, node: Node, catalog: CatalogProtocol[Any, Any]) -> None:
        """Note the versions that the node read; Kedro saves its outputs after this."""
        if self._record is not None:
            loads = {**self._record.loads, **_versions(node.inputs, catalog)}
            self._update(loads=loads)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Close the record."""
        self._close_node()
        self._end("done")

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Mark the record as failed; the node at work stays named in it."""
        self._end("failed")

    def _interrupt(self, _signal: int, _frame: object) -> None:
        """Say how to go on; Kedro tells its hooks nothing of Ctrl-C."""
        self._end("failed")
        logger.warning("stopped; go on with `kedro churn resume`")
        raise KeyboardInterrupt

    def _end(self, status: Status) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
        self._update(status=status)
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _close_node(self) -> None:
        if self._record is not None and self._record.running is not None:
            done = [*self._record.done, self._record.running]
            self._update(running=None, writing=[], done=done)

    def _update(self, **changes: Any) -> None:
        if self._record is not None:
            self._record = self._record.model_copy(update=changes)
            self._record.save(self._project)


def _lock(
    project: Path, dataset: str, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
) -> int | None:
    """Take the lock of the data set where a run reads or writes unversioned files."""
    if any(_is_unversioned_file(name, catalog) for name in pipeline.all_outputs()):
        return acquire(project, dataset, writes=True)
    if any(_is_unversioned_file(name, catalog) for name in pipeline.inputs()):
        return acquire(project, dataset, writes=False)
    return None


def _is_unversioned_file(name: str, catalog: CatalogProtocol[Any, Any]) -> bool:
    dataset = catalog.get(name) if name in catalog else None
    return hasattr(dataset, "_filepath") and not getattr(dataset, "_version", None)


def clear_half_written(
    records: list[RunRecord], catalog: CatalogProtocol[Any, Any]
) -> None:
    """Remove versions that an interrupted run's node was writing when it ended.

    Without this, the newest version of a dataset could be half a file.

    Args:
        records: All records of the data set.
        catalog: Where the outputs lie.
    """
    for record in records:
        if record.interrupted:
            for name in record.writing:
                remove_version(catalog, name, record.version)


def remove_version(catalog: CatalogProtocol[Any, Any], name: str, version: str) -> bool:
    """Remove one version of a versioned dataset on the local disk.

    Returns:
        Whether there was such a version.
    """
    dataset = catalog.get(name) if name in catalog else None
    if getattr(dataset, "_version", None) is None:
        return False
    folder = Path(str(dataset._filepath)) / version  # type: ignore[union-attr]
    if not folder.is_dir():
        return False
    shutil.rmtree(folder)
    logger.debug("removed %s", folder)
    return True


def _versions(names: list[str], catalog: CatalogProtocol[Any, Any]) -> dict[str, str]:
    """Return dataset -> version, of those inputs that are versioned."""
    found = {}
    for name in names:
        dataset = catalog.get(name) if name in catalog else None
        if getattr(dataset, "_version", None) is not None:
            found[name] = str(dataset.resolve_load_version())  # type: ignore[union-attr]
    return found

"""What a run prints: one line a stage with its seconds, and a bar while it works."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from churn_pipeline.progress import Bar, bar, display

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node


class ConsoleHook:
    """Prints the progress of a run, stage by stage."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._bar: Bar | None = None
        self._left: dict[str, int] = {}
        self._seconds: dict[str, float] = {}
        self._started = 0.0

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Any
    ) -> None:
        """Show the bar of the run and take note of the nodes of each stage."""
        self._left, self._seconds = {}, {}
        for node in pipeline.nodes:
            self._left[_stage(node)] = self._left.get(_stage(node), 0) + 1
        self._stack = ExitStack()
        self._stack.enter_context(display())
        self._bar = self._stack.enter_context(bar("kedro run", len(pipeline.nodes)))

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Name the node on the bar."""
        self._started = time.perf_counter()
        if self._bar is not None:
            self._bar.describe(f"{_stage(node)}: {node.name}")

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Print a stage's line when its last node is done."""
        stage = _stage(node)
        seconds = time.perf_counter() - self._started
        self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds
        self._left[stage] = self._left.get(stage, 1) - 1
        if self._bar is not None:
            self._bar.advance()
        if self._left[stage] == 0:
            with display() as progress:
                progress.console.print(f"  {stage:<22}{self._seconds[stage]:7.1f} s")

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Take the bar away."""
        self._stack.close()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Take the bar away before the error is shown."""
        self._stack.close()


def _stage(node: Node) -> str:
    """Return the pipeline that a node was written for."""
    module = getattr(node.func, "__module__", "") or ""
    parts = module.split(".")
    return parts[2] if parts[:2] == ["churn_pipeline", "pipelines"] else node.name

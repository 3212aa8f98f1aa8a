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
        self._node: Node | None = None
        self._started = 0.0

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Any
    ) -> None:
        """Show the bar of the run and take note of the nodes of each stage."""
        self._left, self._seconds, self._node = {}, {}, None
        for node in pipeline.nodes:
            self._left[_stage(node)] = self._left.get(_stage(node), 0) + 1
        self._stack = ExitStack()
        self._stack.enter_context(display())
        self._bar = self._stack.enter_context(bar("kedro run", len(pipeline.nodes)))

    @hook_impl
    def before_dataset_loaded(self, node: Node) -> None:
        """Close the node before: only now has Kedro saved what it made."""
        self._go_on_to(node)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Close the node before, where this one loads nothing."""
        self._go_on_to(node)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Print what is left to print and take the bar away."""
        self._close_node()
        self._stack.close()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Take the bar away before the error is shown."""
        self._stack.close()

    def _go_on_to(self, node: Node) -> None:
        if self._node is not None and self._node.name == node.name:
            return
        self._close_node()
        self._node, self._started = node, time.perf_counter()
        self._seconds.setdefault(_stage(node), 0.0)
        if self._bar is not None:
            self._bar.describe(f"{_stage(node)}: {node.short_name}")

    def _close_node(self) -> None:
        """Add the node's seconds, of loading and saving too, to its stage."""
        if self._node is None:
            return
        stage, self._node = _stage(self._node), None
        self._seconds[stage] += time.perf_counter() - self._started
        self._left[stage] -= 1
        if self._bar is not None:
            self._bar.advance()
        self._print_done()

    def _print_done(self) -> None:
        """Print the stages that are done, in the order in which they began.

        A stage can end before one that began earlier, for Kedro sorts nodes by what
        they need; its line then waits, so that they stand in the order of the work.
        """
        while self._seconds:
            stage = next(iter(self._seconds))
            if self._left[stage] > 0:
                return
            with display() as progress:
                seconds = self._seconds.pop(stage)
                progress.console.print(f"  {stage:<22}{seconds:7.1f} s")


def _stage(node: Node) -> str:
    """Return the pipeline that a node was written for."""
    module = getattr(node.func, "__module__", "") or ""
    parts = module.split(".")
    return parts[2] if parts[:2] == ["churn_pipeline", "pipelines"] else node.name

"""Has what a run prints, and its errors, name commands for the data set of the run."""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import TYPE_CHECKING

from kedro.framework.hooks import hook_impl

from churn_pipeline.environment import told_for

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext


class AdviceHook(logging.Filter):
    """Adds `--env` to the commands of log lines and errors: typed, they act on it.

    Nodes and data sets do not know the environment that they run in.
    """

    def __init__(self) -> None:
        super().__init__()
        self._env: str | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Take note of the environment, and see to the lines from here on."""
        self._env = context.env
        for handler in logging.getLogger("churn_pipeline").handlers:
            handler.addFilter(self)  # once, however often it is added

    @hook_impl(wrapper=True)
    def before_pipeline_run(self) -> Generator[None, list[None], list[None]]:
        """Complete the error of a hook that ends the run before it begins."""
        try:
            return (yield)
        except Exception as error:
            self._complete(error)
            raise

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """Complete the error that ends the run."""
        self._complete(error)

    def filter(self, record: logging.LogRecord) -> bool:
        """Complete a line of the log; none is left out."""
        text = record.getMessage()
        if (told := told_for(self._env, text)) != text:
            record.msg, record.args = told, ()
        return True

    def _complete(self, error: BaseException | None) -> None:
        """Complete the texts of an error and of those that it came from."""
        while error is not None:
            error.args = tuple(
                told_for(self._env, arg) if isinstance(arg, str) else arg
                for arg in error.args
            )
            error = error.__cause__

"""What a run says names commands for the data set of the run."""

import logging
from types import SimpleNamespace

import pytest
from kedro.framework.hooks import hook_impl
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io.core import DatasetError

from churn_pipeline.hooks.advice import AdviceHook
from churn_pipeline.hooks.due import NotDecidedError


class Undecided:
    """A hook that ends a run before it begins."""

    def __init__(self, error):
        self.error = error

    @hook_impl
    def before_pipeline_run(self):
        raise self.error


@pytest.fixture
def lines():
    """Return what a handler of the project's logger has written."""
    written = []

    class Kept(logging.Handler):
        def emit(self, record):
            written.append(record.getMessage())

    handler, project = Kept(), logging.getLogger("churn_pipeline")
    # Those of runs in this process before know of the data sets of those.
    before, project.handlers = project.handlers, [handler]
    yield written
    project.handlers = before


def _hook(env):
    hook = AdviceHook()
    hook.after_context_created(SimpleNamespace(env=env))
    return hook


def test_a_line_of_the_log_names_the_data_set(lines):
    _hook("shop")
    logging.getLogger("churn_pipeline.release").warning(
        "it waits; see `kedro churn review %s`", "1.0.0"
    )
    assert lines == ["it waits; see `kedro churn review 1.0.0 --env shop`"]


def test_the_next_run_in_the_process_names_its_own(lines):
    hook = _hook("shop")
    hook.after_context_created(SimpleNamespace(env=None))
    logging.getLogger("churn_pipeline.release").warning("see `kedro churn status`")
    assert lines == ["see `kedro churn status`"]


def test_an_error_and_what_it_came_from_name_the_data_set():
    error = DatasetError("failed: `kedro run`", 3)
    error.__cause__ = LookupError("see `kedro churn history`")
    _hook("shop").on_pipeline_error(error)
    assert error.args == ("failed: `kedro run --env shop`", 3)
    assert str(error.__cause__.args[0]) == "see `kedro churn history --env shop`"


def test_an_error_before_the_run_names_the_data_set():
    manager = _create_hook_manager()
    manager.register(_hook("shop"))
    stops = Undecided(NotDecidedError("run `kedro run --pipelines monitoring` first"))
    manager.register(stops)
    with pytest.raises(NotDecidedError, match="--pipelines monitoring --env shop` fir"):
        manager.hook.before_pipeline_run(run_params={}, pipeline=None, catalog=None)

"""Settles the day of a run at its start, so that nothing later asks a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from churn_pipeline.validation.today import day_of

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext

PARAMETER = "today"


class TodayHook:
    """Gives the parameter `today` a date, and the run's record the same one.

    The record keeps it as if it had been asked for by `--params`: a run that is
    resumed, or repeated with the date of its record, reads the data as on that day.
    """

    def __init__(self) -> None:
        self._today = ""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Replace a `today` of null by the day on which the run starts.

        Raises:
            ValueError: It is not an ISO date.
        """
        loader = context.config_loader
        self._today = day_of(loader["parameters"].get(PARAMETER)).isoformat()
        loader.runtime_params = {**loader.runtime_params, PARAMETER: self._today}

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, run_params: dict[str, Any]) -> None:
        """Tell the other hooks of the date, before they write down the request."""
        asked = run_params["runtime_params"]
        run_params["runtime_params"] = {**asked, PARAMETER: self._today}

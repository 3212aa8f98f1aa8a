"""Says at the end of scoring how many to call, for how much, and where the list is."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

if TYPE_CHECKING:
    import pandas as pd
    from kedro.framework.context import KedroContext

logger = logging.getLogger(__name__)
SCORES, LIST, DECISION = "churn_scores", "call_list", "params:decision"
ASSIGNMENTS = "call_assignments"


class CallsHook:
    """Prints one line when the list to call is written."""

    def __init__(self) -> None:
        self._project = Path()
        self._catalog: Any = None
        self._decided: dict[str, int] = {}
        self._aside = 0

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Remember the project's folder."""
        self._project = Path(context.project_path)

    @hook_impl
    def before_pipeline_run(self, catalog: Any) -> None:
        """Remember the catalog, which knows the path."""
        self._catalog, self._decided, self._aside = catalog, {}, 0

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Count the scored customers; print the line of the list."""
        if dataset_name == SCORES:
            self._decided = data["decision"].value_counts().to_dict()
        elif dataset_name == ASSIGNMENTS:
            self._aside = int((data["arm"] == "control").sum())
        elif dataset_name == LIST:
            logger.info("%s", self._line(data))
            if self._is_assumed():
                logger.info(
                    "the costs and values are assumed: put in your own in "
                    "parameters_decision.yml of the data set, remove `assumed` there "
                    "and run again"
                )

    def _line(self, calls: pd.DataFrame) -> str:
        """Return how many to call of how many, the profit and the path."""
        of, gone = sum(self._decided.values()), self._decided.get("gone", 0)
        beside = f" of {of:,} customers ({gone:,} have left already)" if of else ""
        profit = ""
        if len(calls):
            money = f"{calls['currency'].iloc[0]} {calls['expected_profit'].sum():,.0f}"
            profit = f", expected profit {money}"
        aside = f", {self._aside:,} kept aside by chance" if self._aside else ""
        return f"{len(calls):,} to call{beside}{profit}{aside}; see {self._path()}"

    def _is_assumed(self) -> bool:
        """Return whether costs and values are still the placeholders."""
        decision = self._catalog.load(DECISION)
        if isinstance(decision, dict):
            return bool(decision.get("assumed"))
        return bool(decision.assumed)

    def _path(self) -> Path:
        """Return where the list lies, as seen from the project's folder."""
        path = Path(str(self._catalog.get(LIST)._get_load_path()))
        inside = path.is_relative_to(self._project)
        return path.relative_to(self._project) if inside else path

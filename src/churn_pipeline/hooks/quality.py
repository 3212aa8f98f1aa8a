"""Says where to look when rows were rejected or the data are odd."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext

logger = logging.getLogger(__name__)
REPORT, PAGE = "data_quality_report", "data_quality_page"


class QualityHook:
    """Prints the path of the data quality page, where there is something to see."""

    def __init__(self) -> None:
        self._project = Path()
        self._catalog: Any = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Remember the project's folder."""
        self._project = Path(context.project_path)

    @hook_impl
    def before_pipeline_run(self, catalog: Any) -> None:
        """Remember the catalog, which knows the path."""
        self._catalog = catalog

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Print the counts and the path; nothing where all rows are good."""
        if dataset_name != REPORT:
            return
        rows = sum(table["rows"] for table in data["tables"].values())
        rejected = sum(table["rejected"] for table in data["tables"].values())
        if rejected or data["findings"]:
            logger.info(
                "%s of %s rows rejected, findings: %s; see %s",
                f"{rejected:,}",
                f"{rows:,}",
                len(data["findings"]),
                self._page(),
            )

    def _page(self) -> Path:
        """Return where the page lies, as seen from the project's folder."""
        path = Path(str(self._catalog.get(PAGE)._get_save_path()))
        inside = path.is_relative_to(self._project)
        return path.relative_to(self._project) if inside else path

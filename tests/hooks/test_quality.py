"""A run says where the data quality page lies, where there is something to see."""

import logging
from pathlib import Path

import pytest
from kedro.io import DataCatalog, Version
from kedro_datasets.text import TextDataset

from churn_pipeline.hooks.quality import PAGE, REPORT, QualityHook


class Context:
    def __init__(self, project_path: Path) -> None:
        self.project_path = project_path


def said(
    folder: Path, caplog: pytest.LogCaptureFixture, rejected: int, findings: list
) -> list[str]:
    """Return what is printed when a report of 2,000 rows has been saved."""
    path = (folder / "data/page.html").as_posix()
    page = TextDataset(filepath=path, version=Version(None, "v1"))
    hook = QualityHook()
    hook.after_context_created(Context(folder))
    hook.before_pipeline_run(DataCatalog({PAGE: page}))
    tables = {"customers": {"rows": 2000, "rejected": rejected}}
    with caplog.at_level(logging.INFO, "churn_pipeline"):
        hook.after_dataset_saved("metrics", {})
        hook.after_dataset_saved(REPORT, {"tables": tables, "findings": findings})
    return caplog.messages


def test_rejected_rows_are_told_with_the_path_in_the_project(tmp_path, caplog) -> None:
    assert said(tmp_path, caplog, 1500, [{}]) == [
        "1,500 of 2,000 rows rejected, findings: 1; see data/page.html/v1/page.html"
    ]


def test_good_data_are_not_worth_a_line(tmp_path, caplog) -> None:
    assert said(tmp_path, caplog, 0, []) == []

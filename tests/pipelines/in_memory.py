"""A pipeline run without files: what it reads is given, what it writes is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner


class _Kept(MemoryDataset):
    """Keeps what the runner would let go once every node has read it."""

    def _release(self) -> None:
        """Keep it."""


def run_in_memory(pipeline: Pipeline, given: Mapping[str, Any]) -> dict[str, Any]:
    """Run a pipeline; return everything that it wrote, by name."""
    read = {name: MemoryDataset(value, "assign") for name, value in given.items()}
    written = {name: _Kept(copy_mode="assign") for name in pipeline.all_outputs()}
    SequentialRunner().run(pipeline, DataCatalog(read | written))
    return {name: dataset.load() for name, dataset in written.items()}

"""Parts of the pipelines, run without files: what they read is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline


def run(part: Pipeline, given: Mapping[str, Any], *wanted: str) -> dict[str, Any]:
    """Run a part of a pipeline in memory; return what is wanted of what it wrote.

    Args:
        part: The part.
        given: What it reads, by name; what it does not read is passed over.
        wanted: Names of outputs.
    """
    from kedro.io import DataCatalog, MemoryDataset
    from kedro.runner import SequentialRunner

    class Kept(MemoryDataset):
        """Keeps what the runner would let go once every node has read it."""

        def _release(self) -> None:
            """Keep it."""

    read = {n: MemoryDataset(given[n], copy_mode="assign") for n in part.inputs()}
    written = {n: Kept(copy_mode="assign") for n in part.all_outputs()}
    SequentialRunner().run(part, DataCatalog({**read, **written}))
    return {name: written[name].load() for name in wanted}

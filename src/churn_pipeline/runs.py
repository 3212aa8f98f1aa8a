"""The record of each run: what it was asked, what it read and wrote, how far it came.

One JSON file a run in `data/06_models/<dataset>/runs/`. It lets a killed run be
resumed, and tells which versions of the data a model was made from.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel, Field

Status = Literal["running", "done", "failed"]
FOLDER = "data/06_models/{dataset}/runs"


class RunRecord(BaseModel):
    """One run.

    Attributes:
        version: The version id: of the data, the MLflow run and the model.
        dataset: Name of the data set.
        status: `running` until it ends; a killed run stays so.
        pid: Process that runs it.
        born: When that process began, seconds since 1970.
        request: How it was asked for: env, pipelines, tags, parameters, ...
        done: Names of the nodes that ended.
        running: Name of the node at work or saving; None between nodes.
        writing: Outputs of that node.
        loads: Dataset -> version read, of versioned datasets.
        mlflow_run_id: The MLflow run, where the run is tracked.
    """

    version: str
    dataset: str
    status: Status = "running"
    pid: int = Field(default_factory=os.getpid)
    born: float = Field(default_factory=lambda: psutil.Process().create_time())
    request: dict[str, object] = Field(default_factory=dict)
    done: list[str] = Field(default_factory=list)
    running: str | None = None
    writing: list[str] = Field(default_factory=list)
    loads: dict[str, str] = Field(default_factory=dict)
    mlflow_run_id: str | None = None

    def save(self, project: Path) -> None:
        """Write the record; a kill leaves the previous one whole."""
        path = record_path(project, self.dataset, self.version)
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".tmp")
        scratch.write_text(self.model_dump_json(indent=1), "utf-8")
        scratch.replace(path)

    @property
    def interrupted(self) -> bool:
        """Whether the run ended before its end: it failed, or its process is gone."""
        return self.status == "failed" or (
            self.status == "running" and not _is_alive(self.pid, self.born)
        )


def record_path(project: Path, dataset: str, version: str) -> Path:
    """Return where the record of a version lies."""
    folder = project / FOLDER.format(dataset=dataset)
    return folder / f"{version.replace(':', '.')}.json"


def read_records(project: Path, dataset: str) -> list[RunRecord]:
    """Return the records of a data set, oldest first."""
    folder = project / FOLDER.format(dataset=dataset)
    return [
        RunRecord(**json.loads(path.read_text("utf-8")))
        for path in sorted(folder.glob("*.json"))
    ]


def _is_alive(pid: int, born: float) -> bool:
    """Return whether a process runs, and is the one meant: ids are used again."""
    try:
        process = psutil.Process(pid)
        dead = process.status() == psutil.STATUS_ZOMBIE
        return not dead and process.create_time() == born
    except psutil.NoSuchProcess:
        return False

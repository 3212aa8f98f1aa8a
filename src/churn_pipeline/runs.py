"""The record of each run: what it was asked, what it read and wrote, how far it came.

One JSON file a run in `data/06_models/<dataset>/runs/`. It lets a killed run be
resumed, and tells which versions of the data a model was made from.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from churn_pipeline import processes
from churn_pipeline.release.atomic import replace

logger = logging.getLogger(__name__)
Status = Literal["running", "done", "failed"]
FOLDER = "data/06_models/{dataset}/runs"
_VERSION = "%Y-%m-%dT%H.%M.%S.%fZ"


class RecordError(ValueError):
    """The record of a run cannot be read."""


class RunRecord(BaseModel):
    """One run.

    Attributes:
        version: The version id: of the data, the MLflow run and the model.
        dataset: Name of the data set.
        status: `running` until it ends; a killed run stays so.
        host: Machine that runs it.
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
    host: str = Field(default_factory=processes.host)
    pid: int = Field(default_factory=os.getpid)
    born: float = Field(default_factory=processes.born)
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
        replace(path, self.model_dump_json(indent=1))

    @property
    def at_work(self) -> bool:
        """Whether the run goes on; another machine's does until its record says so."""
        return self.status == "running" and (
            self.is_elsewhere or processes.is_alive(self.pid, self.born)
        )

    @property
    def is_elsewhere(self) -> bool:
        """Whether another machine made the record."""
        return self.host != processes.host()

    @property
    def interrupted(self) -> bool:
        """Whether the run ended before its end: it failed, or its process is gone."""
        return self.status != "done" and not self.at_work

    @property
    def was_killed(self) -> bool:
        """Whether its process is gone and nobody wrote down how it ended."""
        return self.status == "running" and not self.at_work

    @property
    def since(self) -> str:
        """When its process began, UTC, to the second."""
        return dt.datetime.fromtimestamp(self.born, dt.UTC).isoformat(" ", "seconds")


def record_path(project: Path, dataset: str, version: str) -> Path:
    """Return where the record of a version lies."""
    folder = project / FOLDER.format(dataset=dataset)
    return folder / f"{version.replace(':', '.')}.json"


def version_read(models: Path, model: str, name: str) -> str:
    """Return which version of a dataset the run that made a model read.

    Args:
        models: Folder of the data set's models, e.g. `data/06_models/company`.
        model: Version of the model.
        name: Catalog name of the versioned dataset, e.g. `model_input`.

    Raises:
        RecordError: The record of that run cannot be read.
    """
    record = models / "runs" / f"{model}.json"
    if not record.is_file():  # a run that makes both gives both its version
        return model
    try:
        loads = RunRecord.model_validate_json(record.read_bytes()).loads
    except ValidationError as error:
        raise RecordError(
            f"expected {record} as the run of {model} wrote it, got one that cannot "
            f"be read ({error.errors()[0]['msg']}); restore it from a copy, or train "
            "again: `kedro run`"
        ) from error
    return loads.get(name, model)


def read_records(project: Path, dataset: str) -> list[RunRecord]:
    """Return the records of a data set, oldest first; damaged ones are told of."""
    found = []
    for path in sorted((project / FOLDER.format(dataset=dataset)).glob("*.json")):
        try:
            found.append(RunRecord.model_validate_json(path.read_bytes()))
        except ValidationError as error:
            logger.warning(
                "expected the record of a run in %s, got what is none (%s); the run is "
                "passed over: remove the file, or restore it from a copy",
                path,
                error.errors()[0]["msg"],
            )
    return found


def of_pipelines(records: Sequence[RunRecord], names: list[str]) -> list[RunRecord]:
    """Return the records of runs that these pipelines, and no others, were asked of.

    Args:
        records: Records, oldest first.
        names: The pipelines, as `kedro run --pipelines` names them.
    """
    return [found for found in records if found.request.get("pipeline_names") == names]


def killed(project: Path, dataset: str, pipeline: str) -> RunRecord | None:
    """Return the last run of a pipeline where it was killed; None where it was not."""
    found = of_pipelines(read_records(project, dataset), [pipeline])
    return found[-1] if found and found[-1].was_killed else None


def began(version: str) -> dt.datetime:
    """Return when the run of a version began, UTC.

    Raises:
        ValueError: It is none of Kedro's versions.

    Examples:
        >>> began("2026-11-21T01.33.09.000Z").isoformat()
        '2026-11-21T01:33:09+00:00'
    """
    try:
        return dt.datetime.strptime(version, _VERSION).replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise ValueError(
            f"expected a version such as 2026-11-21T01.33.09.000Z, which tells when "
            f"its run began, got {version!r}; train a model with `kedro run`"
        ) from error

"""What goes into a backup, each part as of one moment while everything runs on."""

from __future__ import annotations

import datetime as dt
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from churn_pipeline.backup.archive import BackupError, Contents, hashes, pack
from churn_pipeline.backup.copies import copy
from churn_pipeline.backup.origins import copy_origins
from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.release.store import ModelStore
from churn_pipeline.serving.control_group import CAMPAIGN
from churn_pipeline.serving.desk import places
from churn_pipeline.serving.journal.database import URL as JOURNAL_URL
from churn_pipeline.serving.journal.database import shown
from churn_pipeline.serving.newest import versions
from churn_pipeline.serving.place import (
    FOLDERS,
    JOURNAL,
    ROLLOUT,
    SERVICE,
    has_service,
)
from churn_pipeline.serving.rollout.state import Rollout

MODELS = Path("data/06_models")
MLFLOW = "MLFLOW_TRACKING_URI"
STUDIES = "CHURN_TUNING_STORAGE"
PSEUDONYMS = "CHURN_PSEUDONYM_KEY"

# Of a data set's models: the rest are outputs of runs, which a run makes again.
_OF_MODELS = (
    "registered",
    "released",
    "runs",
    "champion.json",
    "ledger.jsonl",
    "ledger.head",
    "tuning.db",
)

Tell = Callable[[str], None]


def back_up(
    project: Path, target: Path, environment: Mapping[str, str], tell: Tell
) -> Contents:
    """Write a backup of a project, its service running or not; return what it holds.

    Copies are made in a folder beside the target, which needs room for them.

    Args:
        project: Folder of the project.
        target: The file to write.
        environment: Names what is kept elsewhere.
        tell: Called with each part as it is begun.

    Raises:
        BackupError: The target exists, there is no model to back up, or a champion
            cannot be loaded.
    """
    if target.exists():
        raise BackupError(f"expected a new file, got {target}; name another")
    begun = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    folders = _Folders.of(project, environment)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
        staged = Path(folder)
        held = _stage(project, folders, staged, tell)
        gone = list(copy_origins(project, staged, folders.models, tell))
        tell("MLflow")
        _mlflow(project, staged / "mlflow", environment)
        tell("the file")
        contents = Contents(
            time=begun,
            project=str(project),
            **held._asdict(),
            left_out=(*_left_out(environment), *gone),
            files=hashes(staged),
        )
        pack(staged, contents, target)
    return contents


class _Folders(NamedTuple):
    """Where data sets lie, and those of each folder that have something to back up."""

    services: Path
    outputs: Path
    models: frozenset[str]
    running: frozenset[str]
    listed: frozenset[str]

    @classmethod
    def of(cls, project: Path, environment: Mapping[str, str]) -> _Folders:
        """Return those of a project.

        Raises:
            BackupError: There is nothing to back up.
        """
        services = Path(environment.get(SERVICE) or project / FOLDERS)
        outputs = project / places.outputs_folder(environment)
        found = (
            _folders(project / MODELS, holding=_OF_MODELS),
            _folders(services, holding=("[!.]*",)),
            _folders(outputs, holding=(places.ASSIGNMENTS,)),
        )
        models, running, listed = found
        served = any(has_service(services / name) for name in running)
        if not (models or listed or served):
            raise BackupError(f"expected models in {project / MODELS}, found none")
        return cls(services, outputs, *found)


class _Staged(NamedTuple):
    """What was copied: by data set the champion, and how many predictions and lists."""

    champions: dict[str, str]
    predictions: dict[str, int]
    lists: dict[str, int]


def _stage(project: Path, folders: _Folders, staged: Path, tell: Tell) -> _Staged:
    """Copy what data sets have, and return what that is."""
    champions: dict[str, str] = {}
    predictions, lists = dict[str, int](), dict[str, int]()
    for name in sorted(folders.models):
        tell(f"models of {name}")
        store = ModelStore(project / MODELS / name)
        champions |= _models(name, store, staged / "models" / name)
    for name in sorted(folders.running):
        tell(f"service of {name}")
        target = staged / "service" / name
        predictions |= _service(name, folders.services / name, target)
    for name in sorted(folders.listed):
        tell(f"call lists of {name}")
        lists |= _lists(name, folders.outputs / name, staged / "outputs" / name)
    return _Staged(champions, predictions, lists)


def _models(name: str, store: ModelStore, target: Path) -> dict[str, str]:
    """Copy the models while nobody releases or removes any; return the champion.

    Raises:
        BackupError: The champion cannot be loaded: such a backup is not restored.
    """
    with store.locked():
        pointer = store.pointer()
        try:
            store.champion()
        except ArtifactError as error:
            raise BackupError(
                f"expected a champion of {name} that loads, got "
                f"{pointer.version if pointer else 'none'}, which does not: put it "
                "right, or `kedro churn promote` a version, then back up again; "
                f"{error}"
            ) from error
        for part in _OF_MODELS:
            copy(store.folder / part, target / part)
    return {} if pointer is None else {name: pointer.version}


def _service(name: str, source: Path, target: Path) -> dict[str, int]:
    """Copy the running state; return how many predictions the log has."""
    target.mkdir(parents=True)
    with Rollout(source / ROLLOUT).locked():
        for path in sorted(source.iterdir()):
            if path.stem == Path(ROLLOUT).stem:
                copy(path, target / path.name)
    for path in sorted(source.iterdir()):
        if path.stem != Path(ROLLOUT).stem:
            copy(path, target / path.name)
    if not (target / JOURNAL).is_file():
        return {}
    with closing(sqlite3.connect(target / JOURNAL)) as journal:
        return {name: journal.execute("SELECT count(*) FROM prediction").fetchone()[0]}


def _lists(name: str, source: Path, target: Path) -> dict[str, int]:
    """Copy who was called and who was kept aside; return how many lists there are.

    Another run would deal the calls out by today's model: what those of the past have
    brought could never be measured again.
    """
    for entry in (places.ASSIGNMENTS, CAMPAIGN):
        copy(source / entry, target / entry)
    return {name: len(versions(target / places.ASSIGNMENTS))}


def _mlflow(project: Path, target: Path, environment: Mapping[str, str]) -> None:
    """Copy runs and registry: the files first that the records name afterwards."""
    if environment.get(MLFLOW):
        return
    for name in ("mlruns", "mlflow.db"):
        copy(project / name, target / name)


def _folders(parent: Path, *, holding: Iterable[str]) -> frozenset[str]:
    """Return the data sets whose folder has something to back up.

    Args:
        parent: Of their folders.
        holding: Patterns of names; one of them has to be there.
    """
    patterns = [f"*/{name}" for name in holding]
    return frozenset(
        p.parent.name for pattern in patterns for p in parent.glob(pattern)
    )


def _left_out(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield what is kept elsewhere."""
    for variable, what in (
        (JOURNAL_URL, "prediction log and feedback"),
        (MLFLOW, "MLflow's runs and registry"),
        (STUDIES, "tuning studies"),
    ):
        if environment.get(variable):
            yield f"{what}, at {shown(environment[variable])}: use its own backup"
    if environment.get(PSEUDONYMS):
        yield f"the key in {PSEUDONYMS}, without which the log's ids match nobody"

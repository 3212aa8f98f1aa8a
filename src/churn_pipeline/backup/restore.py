"""Puts a backup where there is nothing yet, once all of it is known to be whole."""

from __future__ import annotations

import filecmp
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from churn_pipeline.backup.archive import BackupError, Contents, unpack
from churn_pipeline.backup.collect import MODELS, Tell
from churn_pipeline.backup.origins import DATA
from churn_pipeline.release.store import ModelStore
from churn_pipeline.serving.desk.places import outputs_folder
from churn_pipeline.serving.place import AUDIT, FOLDERS, SERVICE, has_service

# MLflow names the folders of its files in full: another project has others.
_NAMED = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)

Move = tuple[Path, Path]


def restore(
    source: Path, project: Path, environment: Mapping[str, str], tell: Tell
) -> Contents:
    """Restore a backup into a project; return what it held.

    Every file is checked against its hash, and every champion answers its golden rows,
    before the first file is put in its place. What was done to a data set before its
    service came is written down in an audit log, whose lines follow the backup's.

    Args:
        source: A file that `back_up` has written.
        project: Folder of the project, with none of what the backup holds.
        environment: Names the folders of the services and of the lists.
        tell: Called with each part as it is begun.

    Raises:
        BackupError: The backup is not whole, or something of it is there already.
        ArtifactError: A champion does not answer as it did.
    """
    services = Path(environment.get(SERVICE) or project / FOLDERS)
    outputs = project / outputs_folder(environment)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=project) as folder:
        staged = Path(folder)
        tell("the file")
        contents = unpack(source, staged)
        moves = [
            *_each(staged / "models", project / MODELS),
            *_each(staged / "service", services),
            *_inside(staged / "outputs", outputs),
            *_each(staged / "mlflow", project),
            *_files(staged / DATA, project / DATA),
        ]
        audits = _lone_audits(staged / "service", services)
        _require_free([move for move in moves if move[1] not in audits])
        for name in contents.champions:
            tell(f"champion of {name}")
            ModelStore(staged / "models" / name).champion()
        _rename(staged / "mlflow" / "mlflow.db", contents.project, str(project))
        for lone in audits:
            _append(lone / AUDIT, staged / "service" / lone.name / AUDIT)
        with _aside(audits):
            _place(moves)
    return contents


def _each(source: Path, target: Path) -> list[Move]:
    """Return where each thing of a folder goes."""
    found = sorted(source.iterdir()) if source.is_dir() else []
    return [(path, target / path.name) for path in found]


def _inside(source: Path, target: Path) -> list[Move]:
    """Return where each thing of a folder's folders goes: other things may be there."""
    return [move for one, other in _each(source, target) for move in _each(one, other)]


def _files(source: Path, target: Path) -> list[Move]:
    """Return where each file below a folder goes that is not there as it was."""
    found = sorted(path for path in source.rglob("*") if path.is_file())
    moves = [(path, target / path.relative_to(source)) for path in found]
    return [m for m in moves if not m[1].is_file() or not filecmp.cmp(*m, False)]


def _lone_audits(source: Path, target: Path) -> list[Path]:
    """Return the folders of services that have an audit log, and nothing else."""
    found = [folder for _, folder in _each(source, target)]
    return [f for f in found if (f / AUDIT).is_file() and not has_service(f)]


def _append(lines: Path, audit: Path) -> None:
    with open(audit, "ab", opener=lambda path, how: os.open(path, how, 0o600)) as file:
        file.write(lines.read_bytes())


@contextmanager
def _aside(folders: list[Path]) -> Iterator[None]:
    """Make room for what replaces some folders; where that fails, they are back."""
    moved: list[Move] = []
    try:
        for folder in folders:
            aside = folder.with_name(f".{folder.name}.before")
            moved.append((folder.rename(aside), folder))
        yield
    except BaseException:
        for aside, folder in moved:
            aside.rename(folder)
        raise
    for aside, _ in moved:
        shutil.rmtree(aside)


def _require_free(moves: list[Move]) -> None:
    taken = [target for _, target in moves if target.exists()]
    if taken:
        raise BackupError(
            f"expected nothing in the places of the backup, got {taken[0]}; restore "
            "into a new clone of the project, or move what there is aside"
        )


def _rename(records: Path, before: str, now: str) -> None:
    """Let MLflow's records name the project's new folder."""
    if not records.is_file() or before == now:
        return
    with closing(sqlite3.connect(records)) as database, database:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
        known = {name for (name,) in database.execute(tables)}
        for table, column in _NAMED:
            if table in known:
                database.execute(
                    f"UPDATE {table} SET {column} = "  # noqa: S608
                    f"replace({column}, ? || '/', ? || '/')",
                    (before, now),
                )


def _place(moves: list[Move]) -> None:
    """Move everything to its place; where one cannot be, take all back."""
    done: list[Callable[[], None]] = []
    try:
        for source, target in moves:
            target.parent.mkdir(parents=True, exist_ok=True)
            done.append(_undo(target))
            shutil.move(source, target)
    except BaseException:
        for undo in done:
            undo()
        raise


def _undo(target: Path) -> Callable[[], None]:
    def undo() -> None:
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    return undo

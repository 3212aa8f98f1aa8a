"""One file that holds a backup: the files, and last what each of them must be.

models/<dataset>/...       models, pointer, ledger, runs, study
service/<dataset>/...      keys, rollout, audit log, prediction log and feedback
outputs/<dataset>/...      every list of who was called and who was kept aside
data/...                   what models in use were made from, and watch_history.jsonl
mlflow/...                 runs and registry, where they lie in the project
backup.json                contents, hashes, time; see `Contents`
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from pydantic import Field, ValidationError

from churn_pipeline.params import Params

CONTENTS = "backup.json"
VERSION = 1
_LEVEL = 1
"""Of gzip: three times as fast as the usual, some percent larger."""


class BackupError(ValueError):
    """A backup cannot be made, is not whole, or would overwrite what there is."""


class Contents(Params):
    """What a backup holds.

    Attributes:
        version: Of the format.
        time: When it was begun, UTC, ISO 8601: what was written later is not in it.
        project: Folder of the project, which MLflow's records name.
        champions: Version of the champion of each data set.
        predictions: Logged predictions of each data set.
        left_out: What is kept elsewhere and needs a backup of its own, in words.
        files: sha256 of each file, by its name in the archive.
        lists: Lists of who was called and who was kept aside, of each data set.
    """

    version: int = VERSION
    time: str
    project: str
    champions: dict[str, str]
    predictions: dict[str, int]
    left_out: tuple[str, ...]
    files: dict[str, str]
    lists: dict[str, int] = Field(default_factory=dict)


def pack(folder: Path, contents: Contents, target: Path) -> None:
    """Write the files of a folder and their contents; all or nothing.

    Args:
        folder: The files, as `contents.files` names them.
        contents: What they are.
        target: A file ending in `.tar.gz`; it must not exist.
    """
    part = target.with_name(f".{target.name}.part")
    part.touch(mode=0o600)  # keys and the log are in it
    told = folder / CONTENTS
    told.write_text(contents.model_dump_json(indent=1), encoding="utf-8")
    try:
        with tarfile.open(part, "w:gz", compresslevel=_LEVEL) as archive:
            for name in (*sorted(contents.files), CONTENTS):
                archive.add(folder / name, arcname=name, recursive=False)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def unpack(source: Path, folder: Path) -> Contents:
    """Write a backup's files into an empty folder, each of them checked.

    Raises:
        BackupError: It is no backup, of another version, or not whole.
    """
    try:
        with tarfile.open(source, "r:gz") as archive:
            for member in archive:
                _write(archive, member, folder)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BackupError(
            f"expected a backup made by `kedro churn backup`, got {source}: {error}"
        ) from error
    contents = _contents(folder, source)
    _check(folder, contents, source)
    return contents


def hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below a folder, by its name from there."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in found}


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one file of an archive into a folder.

    By hand, since `extractall` has no filter before Python 3.11.4.

    Raises:
        TarError: It is no plain file, or would lie elsewhere.
    """
    name = PurePosixPath(member.name)
    content = archive.extractfile(member) if member.isfile() else None
    if content is None or name.is_absolute() or ".." in name.parts:
        raise tarfile.TarError(f"{member.name} is no file of a backup")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        shutil.copyfileobj(content, file)
    path.chmod(member.mode & 0o700)


def _contents(folder: Path, source: Path) -> Contents:
    try:
        text = (folder / CONTENTS).read_text(encoding="utf-8")
        contents = Contents.model_validate_json(text)
    except (OSError, ValueError, ValidationError) as error:
        raise BackupError(
            f"expected {CONTENTS} in {source}, got none that can be read: {error}"
        ) from error
    if contents.version != VERSION:
        raise BackupError(
            f"expected a backup of version {VERSION}, got {contents.version} in "
            f"{source}; restore it with the release that made it"
        )
    return contents


def _check(folder: Path, contents: Contents, source: Path) -> None:
    """Check that the files are those of the contents, no more and no less."""
    (folder / CONTENTS).unlink()
    found = hashes(folder)
    wrong = sorted(
        name
        for name in {*found, *contents.files}
        if found.get(name) != contents.files.get(name)
    )
    if wrong:
        raise BackupError(
            f"expected {len(contents.files)} files as they were backed up, got "
            f"{len(wrong)} altered, missing or added in {source}, such as {wrong[0]}; "
            "take another backup"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

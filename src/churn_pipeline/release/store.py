"""Models of a data set on the disk: every registered one, and the one that serves.

    registered/<version>/artifact/     the artifact, as it may serve
    registered/<version>/measured/     before its refit, where it is one: as measured
    registered/<version>/record.json   its metrics and what the gate said
    registered/<version>/card.html     its model card, where the run made one
    registered/<version>/recipe.json   all parameters, to make it again by
    released/<version>/                artifact, record and card of what serves
    champion.json                      which of them serves
    ledger.jsonl                       who released what, when and why
    ledger.head                        sha256 of its last line

Folders and `champion.json` appear whole or not at all, so that a reader needs no lock
and a kill leaves the previous champion serving. Nothing here imports MLflow.
"""

from __future__ import annotations

import fcntl
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from churn_pipeline.params import Params
from churn_pipeline.release.artifact import Artifact, ArtifactError
from churn_pipeline.release.atomic import replace
from churn_pipeline.release.chain import LedgerError
from churn_pipeline.release.folders import holds, place, write
from churn_pipeline.release.integrity import sha256
from churn_pipeline.release.kept import CARD, RECIPE, RECORD, beside
from churn_pipeline.release.ledger import Entry, Ledger, champions
from churn_pipeline.release.manifest import MANIFEST, Manifest
from churn_pipeline.release.records import VERSION, Pointer, Record
from churn_pipeline.release.reigning import check_measured

T = TypeVar("T", bound=Params)

POINTER = "champion.json"


class ModelStore:
    """The models of one data set."""

    def __init__(self, folder: str | Path) -> None:
        """Name the folder, e.g. `data/06_models/company`; it need not exist."""
        self.folder = Path(folder)
        self.ledger = Ledger(self.folder / "ledger.jsonl")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the right to change anything here; others wait."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def add(
        self,
        artifact: Artifact,
        record: Record,
        measured: Artifact | None = None,
        card: str = "",
        recipe: str = "",
    ) -> None:
        """Keep an artifact and its record; of one that is kept already the record.

        Args:
            artifact: The artifact.
            record: What is known of it.
            measured: The artifact that its metrics were taken on, where it is a refit.
            card: Its model card, an HTML page; empty where there is none.
            recipe: All parameters, as JSON; empty where they are not known.

        Raises:
            ArtifactError: Another artifact is kept under this version, or the one that
                was measured is another than the manifest names.
        """
        check_measured(artifact, measured)
        target = self._registered(record.version)
        if not target.exists():
            given = {RECORD: _text(record), CARD: card, RECIPE: recipe}
            place(target, lambda folder: _fill(folder, artifact, measured, given))
        kept = (target / "artifact" / MANIFEST).read_bytes()
        if kept != artifact.files[MANIFEST]:
            raise ArtifactError(
                f"version {record.version} is registered with another artifact; "
                "train again to get a version of its own"
            )
        if self.record(record.version) != record:
            replace(target / RECORD, _text(record))

    def record(self, version: str) -> Record:
        """Return the record of a registered version.

        Raises:
            LookupError: No such version is registered.
            ArtifactError: Its record cannot be read.
        """
        path = self._registered(version) / RECORD
        if not path.is_file():
            raise LookupError(
                f"expected a registered version in {self.folder}, got {version!r}; "
                f"there are {', '.join(self.versions()[-5:]) or 'none'}"
            )
        return _read(path, Record)

    def versions(self) -> list[str]:
        """Return the registered versions, oldest first."""
        folder = self.folder / "registered"
        found = folder.iterdir() if folder.is_dir() else iter(())
        return sorted(p.name for p in found if not p.name.startswith("."))

    def manifest(self, version: str) -> Manifest:
        """Return the manifest of a registered version.

        Raises:
            LookupError: It is no name of a version.
            ArtifactError: It is missing or altered.
        """
        path = self._registered(version) / "artifact" / MANIFEST
        if not path.is_file():
            raise ArtifactError(
                f"expected the manifest of {version}, found no {path}; restore it "
                "from a copy"
            )
        return Manifest.from_bytes(path.read_bytes())

    def artifact(self, version: str) -> Artifact:
        """Return the artifact of a registered version, checked.

        Raises:
            LookupError: It is no name of a version.
            ArtifactError: Its files are missing or altered.
        """
        return Artifact.load(self._registered(version) / "artifact")

    def measured(self, version: str) -> Artifact:
        """Return the artifact that a version's metrics were taken on, checked.

        Raises:
            LookupError: It is no name of a version.
            ArtifactError: Its files are missing or altered, or it is another one.
        """
        artifact = self.artifact(version)
        if not artifact.manifest.is_refit:
            return artifact
        measured = Artifact.load(self._registered(version) / "measured")
        check_measured(artifact, measured)
        return measured

    def point_to(self, version: str) -> None:
        """Make a registered version the one that serves.

        Raises:
            ArtifactError: Its files are missing or altered; nothing has changed then.
        """
        artifact = self.artifact(version)
        target = self.folder / "released" / version
        files = artifact.files | beside(self._registered(version))
        if target.exists() and not holds(target, files):
            shutil.rmtree(target)
        if not target.exists():
            place(target, lambda folder: write(folder, files))
        pointer = Pointer(
            version=version,
            semantic_version=self.record(version).semantic_version,
            folder=f"released/{version}",
            manifest_sha256=sha256(artifact.files[MANIFEST]),
        )
        replace(self.folder / POINTER, _text(pointer))
        # What is packaged for production holds the champion and no former one.
        for former in target.parent.iterdir():
            if former != target:
                shutil.rmtree(former)

    def pointer(self) -> Pointer | None:
        """Return which version serves; None where none was released yet.

        Raises:
            ArtifactError: `champion.json` cannot be read.
        """
        path = self.folder / POINTER
        return _read(path, Pointer) if path.exists() else None

    def decisions(self) -> list[Entry]:
        """Return the entries of the ledger, oldest first.

        Raises:
            LedgerError: It was altered or cut, or is gone beside a champion.
            ArtifactError: `champion.json` cannot be read.
        """
        entries = self.ledger.read()
        pointer = self.pointer()
        if pointer is not None and not champions(entries):
            raise LedgerError(
                f"expected {self.ledger.path} with the release of {pointer.version}, "
                f"which {POINTER} names, found none; restore it from a copy, or move "
                f"{POINTER} away and run `kedro churn promote {pointer.version} "
                "--override --reason WHY`, which begins a new one"
            )
        return entries

    def champion(self) -> Artifact | None:
        """Return the artifact that serves, checked; None where none was released yet.

        Raises:
            ArtifactError: There is one, and its files are missing or altered; or the
                ledger cannot tell whether there is.
        """
        pointer = self.pointer()
        if pointer is None:
            self._expect_no_champion()
            return None
        try:
            artifact = Artifact.load(self.folder / pointer.folder)
        except ArtifactError:
            if self.pointer() == pointer:
                raise
            return self.champion()  # another was released while this one was read
        received = sha256(artifact.files[MANIFEST])
        if received != pointer.manifest_sha256:
            raise ArtifactError(
                f"expected the champion {pointer.version} with a {MANIFEST} of sha256 "
                f"{pointer.manifest_sha256[:12]}…, got {received[:12]}…: altered after "
                f"its release; run `kedro churn promote {pointer.version}`"
            )
        return artifact

    def _registered(self, version: str) -> Path:
        """Return the folder of a version, whose name cannot lead elsewhere."""
        if not re.fullmatch(VERSION, version):
            raise LookupError(
                "expected a version such as 2026-11-21T01.33.09.000Z, got "
                f"{version[:60]!r}; see `kedro churn history`"
            )
        return self.folder / "registered" / version

    def _expect_no_champion(self) -> None:
        """Raise where the pointer is gone, rather than not written yet."""
        try:
            reigning = champions(self.ledger.read())[-1:]
        except LedgerError as error:
            raise ArtifactError(str(error)) from error
        if reigning:
            raise ArtifactError(
                f"expected {self.folder / POINTER}, for the ledger has the champion "
                f"{reigning[0]}, found none; restore the folder from a copy, or run "
                f"`kedro churn promote {reigning[0]}`"
            )
        if (self.folder / "released").exists():
            raise ArtifactError(
                f"expected {self.folder / POINTER} beside released models, found "
                "none; run `kedro churn promote` with the version to serve"
            )


def _fill(
    folder: Path,
    artifact: Artifact,
    measured: Artifact | None,
    given: Mapping[str, str],
) -> None:
    artifact.save(folder / "artifact")
    if measured is not None:
        measured.save(folder / "measured")
    write(folder, {name: text.encode() for name, text in given.items() if text})


def _text(model: Params) -> str:
    return model.model_dump_json(indent=2) + "\n"


def _read(path: Path, model: type[T]) -> T:
    try:
        return model.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ArtifactError(
            f"expected {path} as it was written, got one that cannot be read "
            f"({error.errors()[0]['msg']}); restore it from a copy"
        ) from error

"""An append-only file of records in which tampering shows.

Every line carries the sha256 of itself and of the line before; that of the last one
stands in a file beside, which is there before the first line, so that lines cut off the
end are missed. A line that a kill cut off (no line end) was never finished, and is
overwritten by the next one; after a kill before the file beside was written, that one
names an earlier line. A seal is what another place keeps of the file, for the case
that both were cut.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from pydantic import ValidationError

from churn_pipeline.params import Params
from churn_pipeline.release.atomic import replace
from churn_pipeline.release.integrity import sha256

FIRST = "0" * 64
E = TypeVar("E", bound=Params)


class LedgerError(ValueError):
    """The ledger was altered, or cannot be read."""


class Seal(NamedTuple):
    """What another place keeps of a ledger.

    Attributes:
        ledger: Which ledger: the sha256 of its first line.
        state: How far it had come: how many lines, and the sha256 of the last one.
    """

    ledger: str
    state: str


class Chain(Generic[E]):
    """A file of records of one type."""

    def __init__(self, path: str | Path, entry: type[E]) -> None:
        """Name the file; it and the `.head` beside are made by the first entry."""
        self.path = Path(path)
        self._entry = entry
        self.head = self.path.with_suffix(".head")

    def read(self) -> list[E]:
        """Return the entries, oldest first.

        Raises:
            LedgerError: A line was altered, removed, or put in between, or one of the
                two files is gone.
        """
        return [entry for _, entry in self._lines()]

    def seal(self) -> Seal | None:
        """Return what another place may keep of the ledger; None of an empty one.

        Raises:
            LedgerError: The ledger was altered.
        """
        lines = [line for line, _ in self._lines()]
        if not lines:
            return None
        return Seal(sha256(lines[0]), _state(lines))

    def compare(self, state: str, where: str) -> None:
        """Compare the ledger with the state of a seal that another place kept.

        Args:
            state: The state; a ledger that has gone on since still holds it.
            where: The place, for the message.

        Raises:
            LedgerError: The ledger was never in that state: both files were cut or
                written anew.
        """
        lines = [line for line, _ in self._lines()]
        kept = state.partition(" ")[0]
        if not kept.isdecimal() or _state(lines[: int(kept)]) != state:
            raise LedgerError(
                f"{self.path}: expected {kept} lines or more, the last of them with "
                f"the sha256 that {where} has, got {len(lines)} without it: lines were "
                f"cut off or written anew, here and in {self.head.name}; restore both "
                "files from a copy, or, to go on with what is there, delete the tag"
            )

    def append(self, entry: E) -> None:
        """Write an entry behind the others, and wait until it is on the disk.

        The caller holds the lock of what the file tells of.

        Raises:
            LedgerError: The ledger was altered.
        """
        lines = self._lines()
        whole = sum(len(line) + 1 for line, _ in lines)
        line = _seal(entry, before=sha256(lines[-1][0]) if lines else FIRST)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.head.exists():
            replace(self.head, FIRST + "\n")
        flags = os.O_RDWR | os.O_CREAT
        with os.fdopen(os.open(self.path, flags, 0o644), "r+b") as file:
            file.truncate(whole)
            file.seek(whole)
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        replace(self.head, sha256(line) + "\n")

    def _lines(self) -> list[tuple[bytes, E]]:
        # Read first: a line may be appended while this reads.
        head = self.head.read_text("utf-8").strip() if self.head.exists() else None
        content = self.path.read_bytes() if self.path.exists() else b""
        # What follows the last line end is a line that was never finished.
        whole = content.split(b"\n")[:-1]
        before, found = FIRST, []
        for number, line in enumerate(whole, start=1):
            found.append((line, self._unseal(line, before, number)))
            before = sha256(line)
        self._expect_head(head, whole)
        return found

    def _expect_head(self, head: str | None, lines: list[bytes]) -> None:
        """Raise where lines were cut off the end, or nothing can tell."""
        # Looked for once more: the first entry may be appended while this reads.
        if head is None and lines and not self.head.exists():
            raise LedgerError(
                f"expected {self.head} beside {len(lines)} lines of {self.path.name}, "
                "found none, so that nobody can tell whether the last lines are "
                "there; restore both files from a copy"
            )
        if head not in {None, FIRST, *(sha256(line) for line in lines)}:
            raise LedgerError(
                f"{self.path}: expected the line of sha256 {head:.12}…, which "
                f"{self.head.name} says was written, got {len(lines)} lines without "
                "it: the last ones were removed; restore both files from a copy"
            )

    def _unseal(self, line: bytes, before: str, number: int) -> E:
        try:
            content = json.loads(line)
            sealed = {content.pop("sha256"), sha256(_text(content))}
            chained = content.pop("before") == before
            entry = self._entry.model_validate(content)
        except (ValueError, KeyError, AttributeError, ValidationError) as error:
            raise LedgerError(
                f"{self.path}, line {number}: expected a ledger entry, got "
                f"{line[:60]!r}; restore the file from a copy"
            ) from error
        if len(sealed) != 1 or not chained:
            raise LedgerError(
                f"{self.path}, line {number}: expected the line that was written, got "
                "one that was altered, or stands behind one that was altered or "
                "removed; restore the file from a copy"
            )
        return entry


def _seal(entry: Params, *, before: str) -> bytes:
    content = {**entry.model_dump(mode="json"), "before": before}
    return _text({**content, "sha256": sha256(_text(content))})


def _state(lines: list[bytes]) -> str:
    return f"{len(lines)} {sha256(lines[-1]) if lines else FIRST}"


def _text(content: dict[str, object]) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=False).encode()

"""What was changed and by whom, and who was refused: JSON lines.

Changes go to `audit.jsonl`, each of them, and nothing takes them away again. Refusals
go to `security.jsonl`, which a flood cannot fill: a source has five lines a minute, all
together have 60 a process, what is left out is counted in a line of its own, and the
file is rotated at 16 MiB, with four older ones kept.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from churn_pipeline import json_lines
from churn_pipeline.serving.access.keys import PREFIX, SECRET
from churn_pipeline.serving.access.roles import Caller
from churn_pipeline.serving.place import AUDIT, SECURITY

logger = logging.getLogger(__name__)

REFUSALS = frozenset({"unauthenticated", "forbidden", "rate_limited"})
"""Kinds of events that strangers cause, so that their lines are bounded."""

LINES_A_SOURCE = 5
LINES = 60
WINDOW_SECONDS = 60
LARGEST = 16 * 2**20
KEPT = 4
_LONGEST = 200


class Audit:
    """Writes the two files of a service's folder.

    Attributes:
        lost: How many lines of refusals could not be written.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        """Name the folder; it is made by the first line.

        Args:
            folder: As `place.service_folder` gives it.
            clock: Seconds since 1970.
        """
        self._folder, self._clock = folder, clock
        self.lost = 0
        self._lock = threading.Lock()  # refreshed in another thread than written
        self._window = 0
        self._written: Counter[tuple[str, ...]] = Counter()
        self._left_out: Counter[tuple[str, ...]] = Counter()

    def write(
        self,
        kind: str,
        *,
        caller: Caller | None,
        address: str,
        agent: str,
        reason: str,
        key_hash: str = "",
    ) -> None:
        """Write an event.

        A refusal is never kept from its sender: what cannot be written is counted. A
        change that cannot be written raises, so that it is not made in silence.

        Args:
            kind: Such as `unauthenticated` or `key_added`.
            caller: Whose key it was, as far as that is known.
            address: Where it came from.
            agent: The program that sent it, as it calls itself.
            reason: What was changed, or why it was refused.
            key_hash: First digits of the hash of a key that is nobody's.

        Raises:
            OSError: A change cannot be written.
        """
        told = {
            "kind": kind,
            "name": caller.name if caller else "",
            "key_hash": caller.key_hash if caller else key_hash,
            "address": _clean(address),
            "agent": _clean(agent),
            "reason": _clean(reason),
        }
        if kind not in REFUSALS:
            self._append(self._folder / AUDIT, told)
            return
        with self._lock:
            self._turn()
            if self._has_room((kind, told["address"], told["key_hash"])):
                self._append_bounded(told)

    def refresh(self) -> None:
        """Begin a new minute where it is time, and tell what the last one left out."""
        with self._lock:
            self._turn()

    def close(self) -> None:
        """Tell what was left out since."""
        with self._lock:
            self._tell_left_out()

    def _turn(self) -> None:
        window = int(self._clock() / WINDOW_SECONDS)
        if window == self._window:
            return
        self._window, self._written = window, Counter()
        self._tell_left_out()

    def _tell_left_out(self) -> None:
        left_out, self._left_out = self._left_out, Counter()
        if left_out:
            self._append_bounded(_suppressed(left_out))

    def _has_room(self, source: tuple[str, ...]) -> bool:
        if self._written.total() < LINES and self._written[source] < LINES_A_SOURCE:
            self._written[source] += 1
            return True
        if source not in self._left_out and len(self._left_out) >= LINES:
            source = (source[0], "others", "")
        self._left_out[source] += 1
        return False

    def _append_bounded(self, told: dict[str, Any]) -> None:
        path = self._folder / SECURITY
        try:
            self._append(path, told)
            _rotate(path)
        except OSError as error:
            if not self.lost:
                logger.error("%s: %s; refusals are not written", path, error.strerror)
            self.lost += 1

    def _append(self, path: Path, told: dict[str, Any]) -> None:
        time = dt.datetime.fromtimestamp(self._clock(), dt.UTC)
        line = {"time": time.isoformat(timespec="milliseconds"), **told}
        # Opened for each line: another process may have rotated the file.
        with json_lines.locked(path) as file:
            json_lines.write_line(file, f"{json.dumps(line)}\n".encode())


def _suppressed(left_out: Counter[tuple[str, ...]]) -> dict[str, Any]:
    kinds: Counter[str] = Counter()
    for (kind, *_), count in left_out.items():
        kinds[kind] += count
    most = [
        {"kind": kind, "address": address, "key_hash": key_hash, "count": count}
        for (kind, address, key_hash), count in left_out.most_common(5)
    ]
    return {"kind": "suppressed", "counts": kinds, "most": most}


def _clean(text: str) -> str:
    """Return a text of somebody else's, short and without a key."""
    return SECRET.sub(f"{PREFIX}…", text)[:_LONGEST]


def _rotate(path: Path) -> None:
    """Put a file that has grown too large aside, and drop the oldest of those."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if os.fstat(descriptor).st_size < LARGEST:
            return
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_ino != path.stat().st_ino:
            return  # another process was first
        for number in range(KEPT, 1, -1):
            older = path.with_suffix(f".{number - 1}.jsonl")
            if older.exists():
                os.replace(older, path.with_suffix(f".{number}.jsonl"))
        os.replace(path, path.with_suffix(".1.jsonl"))
    finally:
        os.close(descriptor)

"""Who a key belongs to, from `keys.json`, which may change while the service runs."""

from __future__ import annotations

import datetime as dt
import logging
import math
import time
from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import NamedTuple

from churn_pipeline.serving.access.keys import LENGTH, Key, KeyFileError, read_keys
from churn_pipeline.serving.access.rates import parse_rate
from churn_pipeline.serving.access.roles import Caller
from churn_pipeline.serving.refusal import Refusal, refusal

logger = logging.getLogger(__name__)

_EXPECTED = "a valid key in the header X-API-Key"


class _Known(NamedTuple):
    """A key in memory; `until` in seconds since 1970, of a revoked one before them."""

    digest: bytes
    until: float
    caller: Caller


class KeyRing:
    """The keys; no file, or none in it, lets nobody in.

    Attributes:
        problem: Why the file could not be read again, so that older keys count; None
            where it could.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Read the keys.

        Args:
            path: `keys.json`.
            clock: Seconds since 1970.

        Raises:
            KeyFileError: The file cannot be trusted or read.
            OSError: It cannot be opened.
        """
        self._path, self._clock = path, clock
        self.problem: str | None = None
        self._seen = self._state_of_file()
        self._known = _known(read_keys(path))

    def __len__(self) -> int:
        """Return how many keys are valid."""
        now = self._clock()
        return sum(known.until > now for known in self._known.values())

    def refresh(self) -> None:
        """Read the keys again if the file has changed; keep the old where it is broken.

        Costs one `stat` where nothing has changed.
        """
        try:
            state = self._state_of_file()
            if state == self._seen and self.problem is None:
                return
            self._known = _known(read_keys(self._path))
        except (OSError, KeyFileError) as error:
            self._tell(str(error))
            return
        self._seen, self.problem = state, None

    def caller(self, key: bytes | None) -> Caller:
        """Return who a key belongs to.

        Args:
            key: As it came; None where none did.

        Raises:
            Refusal: 401: none came, or it is unknown, expired or revoked.
        """
        if key is None:
            raise _refused("missing_key", "none")
        if len(key) != LENGTH:  # also spares hashing a header of 60 KB
            raise _refused("unknown_key", f"something of {len(key):,} characters")
        digest = sha256(key).digest()
        known = self._known.get(digest)
        if known is None and self.problem is None:
            self.refresh()  # it may be so new that nobody has looked since
            known = self._known.get(digest)
        if known is None or not compare_digest(known.digest, digest):
            raise _refused("unknown_key", "one that is not known")
        if known.until <= self._clock():
            kind = "expired" if known.until >= 0 else "revoked"
            raise _refused(f"{kind}_key", f"one that is {kind}")
        return known.caller

    def _state_of_file(self) -> tuple[int, ...] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size

    def _tell(self, problem: str) -> None:
        if problem != self.problem:  # asked every second
            logger.error("the keys read before go on: %s", problem)
        self.problem = problem


def _known(keys: tuple[Key, ...]) -> dict[bytes, _Known]:
    found = (_known_key(key) for key in keys)
    return {known.digest: known for known in found}


def _known_key(key: Key) -> _Known:
    rate = None if key.rate is None else parse_rate(key.rate)
    caller = Caller(key.name, key.role, key.key_hash, rate)
    return _Known(bytes.fromhex(key.sha256), _until(key), caller)


def _until(key: Key) -> float:
    if key.revoked is not None:
        return -math.inf
    return math.inf if key.expires is None else _seconds(key.expires)


def _seconds(time: dt.datetime) -> float:
    return max(0.0, time.timestamp())


def _refused(code: str, received: str) -> Refusal:
    return refusal(401, code, expected=_EXPECTED, received=received)

"""The one door: key, role and limit of a request, and a line where it stays shut."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path

from churn_pipeline.serving.access.audit import Audit
from churn_pipeline.serving.access.counts import RateLimits
from churn_pipeline.serving.access.keys import SECRET, SHOWN_DIGITS
from churn_pipeline.serving.access.rates import DEFAULT, parse_rate
from churn_pipeline.serving.access.ring import KeyRing
from churn_pipeline.serving.access.roles import Caller, require
from churn_pipeline.serving.access.shared import shared_counts
from churn_pipeline.serving.place import KEYS
from churn_pipeline.serving.refusal import Refusal, refusal

logger = logging.getLogger(__name__)

HEADER = b"x-api-key"
LIMIT = "CHURN_RATE_LIMIT"

_KINDS = {401: "unauthenticated", 403: "forbidden", 429: "rate_limited"}


class Access:
    """Admits requests.

    Attributes:
        keys: Who has a key.
        limits: How often they may ask.
        audit: Where changes and refusals are written.
        shared: The counts of all processes; None where each counts for itself.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Read the keys and the configuration.

        Args:
            folder: As `place.service_folder` gives it.
            environment: `CHURN_RATE_LIMIT` is the limit of a key that has none of its
                own, `CHURN_RATE_STORE` a Redis for the counts. None takes the
                process's.

        Raises:
            ValueError: `keys.json` cannot be trusted, or a variable makes no sense.
            OSError: `keys.json` cannot be read.
        """
        given = os.environ if environment is None else environment
        self.keys = KeyRing(folder / KEYS)
        limit = given.get(LIMIT)
        self.limits = RateLimits(parse_rate(limit) if limit else DEFAULT)
        self.audit = Audit(folder)
        self.shared = shared_counts(given, self.limits)
        if self.shared is not None:
            self.shared.start()

    def admit(
        self, headers: Collection[tuple[bytes, bytes]], address: str, endpoint: str
    ) -> Caller:
        """Return who sent a request that may be answered.

        Args:
            headers: As ASGI has them, names in lower case.
            address: Of the sender.
            endpoint: Path of the request.

        Raises:
            Refusal: 401, 403 or 429; a line of `security.jsonl` tells it.
        """
        caller = None
        try:
            caller = self.keys.caller(_key(headers))
            require(caller, endpoint)
            self.limits.hit(caller)
        except Refusal as refused:
            self._tell(refused, headers, address, endpoint, caller)
            raise
        return caller

    def problems(self) -> dict[str, str | None]:
        """Return why older keys go on, and why each process limits by itself."""
        shared = None if self.shared is None else self.shared.problem
        return {"keys": self.keys.problem, "limits": shared}

    def refresh(self) -> None:
        """Take up what has changed; to be called about once a second."""
        self.keys.refresh()
        self.audit.refresh()

    def close(self) -> None:
        """Write what is left to be told, and end the thread, if there is one."""
        self.audit.close()
        if self.shared is not None:
            self.shared.close()

    def _tell(
        self,
        refused: Refusal,
        headers: Collection[tuple[bytes, bytes]],
        address: str,
        endpoint: str,
        caller: Caller | None,
    ) -> None:
        agent = next((v for name, v in headers if name == b"user-agent"), b"")
        self.audit.write(
            _KINDS[refused.status],
            caller=caller,
            key_hash="" if caller else _strangers_hash(headers),
            address=address,
            agent=agent.decode("latin-1"),
            reason=f"{refused.problems[0].code} at {endpoint}",
        )


def _key(headers: Collection[tuple[bytes, bytes]]) -> bytes | None:
    """Return the key that came, or None.

    Raises:
        Refusal: 401: more than one came, and it is not ours to choose.
    """
    key = None
    for name, value in headers:
        if name == HEADER:
            if key is not None:
                raise refusal(
                    401,
                    "repeated_key",
                    expected="one header X-API-Key",
                    received="several",
                )
            key = value
    return key


def _strangers_hash(headers: Collection[tuple[bytes, bytes]]) -> str:
    """Return what logs show of a key that opens nothing; nothing of what is no key.

    That might be somebody's password: even its hash is not written down.
    """
    for name, value in headers:
        if name == HEADER and SECRET.fullmatch(value.decode("latin-1")):
            return sha256(value).hexdigest()[:SHOWN_DIGITS]
    return ""

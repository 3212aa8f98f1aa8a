"""Names of customers in the log: as they came, or keyed hashes of them."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from churn_pipeline.serving.journal.database import (
    URL,
    JournalError,
    exists,
    open_database,
    shown,
)

KEY = "CHURN_PSEUDONYM_KEY"
KEY_FILE = "pseudonym.key"
_FEWEST_BYTES = 16
_DIGITS = 32
_MARK_DIGITS = 16


class Pseudonyms:
    """Turns a customer's id into the name that it has in the log.

    Attributes:
        fingerprint: Tells keys apart without telling the key; empty without one.
    """

    def __init__(self, key: bytes = b"") -> None:
        """Take the key; none leaves the ids as they are.

        Raises:
            ValueError: The key is short enough to be guessed.
        """
        if key and len(key) < _FEWEST_BYTES:
            raise ValueError(
                f"expected a pseudonym key of at least {_FEWEST_BYTES} bytes, got "
                f"{len(key)}; make one with `kedro churn journal key`"
            )
        self._key = key
        self.fingerprint = self._hash(b"fingerprint")[:16] if key else ""

    @classmethod
    def of(
        cls, folder: Path, environment: Mapping[str, str] | None = None
    ) -> Pseudonyms:
        """Return those of a service.

        Args:
            folder: Of the service; `pseudonym.key` in it holds the key.
            environment: `CHURN_PSEUDONYM_KEY` comes before the file. None takes the
                process's.

        Raises:
            ValueError: The key is too short.
        """
        given = os.environ if environment is None else environment
        if KEY in given:
            return cls(_not_empty(given[KEY].strip().encode(), KEY))
        path = folder / KEY_FILE
        if not path.exists():
            return cls()
        return cls(_not_empty(path.read_bytes().strip(), str(path)))

    def name(self, customer_id: str | int | None) -> str | None:
        """Return the name of a customer in the log; None has none.

        Examples:
            >>> Pseudonyms().name(17)
            '17'
            >>> Pseudonyms(b"0123456789abcdef").name("17")
            '3f0b03c17585fca04c01e4caea0d7bce'
        """
        if customer_id is None:
            return None
        if self._key:
            return self._hash(f"id:{customer_id}".encode())
        return str(customer_id).replace("\0", "\ufffd")  # PostgreSQL takes no NUL

    def mark(self, customer_id: str) -> str:
        """Return 16 digits that stand for a customer outside of the log.

        They are another hash than the name in the log. Without a key, who can guess an
        id can tell whether it is meant.
        """
        text = f"mark:{customer_id}".encode("utf-8", "surrogatepass")
        found = self._hash(text) if self._key else hashlib.sha256(text).hexdigest()
        return found[:_MARK_DIGITS]

    def _hash(self, text: bytes) -> str:
        return hmac.digest(self._key, text, hashlib.sha256).hex()[:_DIGITS]


def known_names(url: str) -> str | None:
    """Return what the names in a journal were made with; None: it has none yet.

    Args:
        url: Of the journal, which is left as it is.

    Returns:
        The fingerprint of a key; empty where the journal has ids as they came.
    """
    if not exists(url):
        return None
    with closing(open_database(url)) as database:
        if not database.has_tables():
            return None
        known = database.run("SELECT value FROM journal WHERE name = 'pseudonyms'")
        return str(known[0][0]) if known else ""


def make_key(folder: Path, url: str) -> Path:
    """Write a fresh key that only its owner can read; return the file.

    Args:
        folder: Of the service.
        url: Of its journal.

    Raises:
        FileExistsError: There is one: another would make every name a stranger.
        JournalError: There is a journal: no service would start on it with the key.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / KEY_FILE
    known = None if path.exists() else known_names(url)
    if known is not None:
        kind = "pseudonyms of another key" if known else "customers' ids as they came"
        raise JournalError(
            f"expected no prediction log yet, found {shown(url)}, which is for {kind}; "
            "no key was made, since no service would start on that log with it: end "
            f"the service and move the log away, or name another in {URL}, first"
        )
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as opened:
        opened.write(secrets.token_hex(32) + "\n")
    return path


def _not_empty(key: bytes, where: str) -> bytes:
    """Return the key; an empty one would switch pseudonyms off unseen."""
    if not key:
        raise ValueError(
            f"expected a key in {where}, found it empty; remove it to log ids as they "
            "come, or fill it"
        )
    return key

"""The keys of a service, as they are kept: hashes in `keys.json`.

A key is 256 random bits, which nobody can guess, so that one round of SHA-256 keeps it
as well as the slow hashes that passwords need, at a thousandth of their cost.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, ValidationError

from churn_pipeline.params import Params
from churn_pipeline.release.atomic import replace
from churn_pipeline.serving.access.rates import parse_rate
from churn_pipeline.serving.access.roles import Role

PREFIX = "ck_"
LENGTH = len(PREFIX) + 43
SECRET = re.compile(rf"{PREFIX}[\w-]{{43}}", re.ASCII)
SHOWN_DIGITS = 16

_OWNER_ONLY = 0o600
_WRITABLE_BY_OTHERS = 0o022


class KeyFileError(ValueError):
    """`keys.json` cannot be trusted or read, or a change to it makes no sense."""


def _rate(text: str) -> str:
    parse_rate(text)
    return text


class Key(Params):
    """One key, without the key.

    Attributes:
        name: Who or what it was given to.
        role: What it may do.
        sha256: Of the key, hexadecimal.
        created: When, UTC.
        expires: From when on it is refused; None never.
        revoked: When it was revoked; None where it was not.
        rate: Its own limit, such as `600/minute`; None takes that of all.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    role: Role
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    created: AwareDatetime
    expires: AwareDatetime | None = None
    revoked: AwareDatetime | None = None
    rate: Annotated[str, AfterValidator(_rate)] | None = None

    @property
    def key_hash(self) -> str:
        """What logs show of the key."""
        return self.sha256[:SHOWN_DIGITS]

    def state(self, now: dt.datetime) -> Literal["valid", "expired", "revoked"]:
        """Return whether the key opens anything."""
        if self.revoked is not None:
            return "revoked"
        if self.expires is not None and self.expires <= now:
            return "expired"
        return "valid"


class KeyFile(Params):
    """What stands in `keys.json`."""

    version: Literal[1] = 1
    keys: tuple[Key, ...] = ()


def read_keys(path: Path) -> tuple[Key, ...]:
    """Return the keys, oldest first; none where there is no file.

    Raises:
        KeyFileError: Others than its owner may write the file, or it is none of ours.
        OSError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except FileNotFoundError:
        return ()
    if mode & _WRITABLE_BY_OTHERS:
        raise KeyFileError(
            f"expected {path} to be writable by its owner alone, got permissions "
            f"{mode & 0o777:04o}; run `chmod 600 {path}` once you know that nobody "
            "added a key to it"
        )
    try:
        return KeyFile.model_validate_json(text).keys
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise KeyFileError(
            f"expected keys in {path}, got a file that breaks at "
            f"{where or 'its start'}: {first['msg']}; take it from the backup"
        ) from None


def add_key(
    path: Path,
    name: str,
    role: Role,
    *,
    days: int | None = None,
    rate: str | None = None,
    record: Callable[[Key], None] | None = None,
) -> str:
    """Make a key and return it: the one time that anybody sees it.

    Args:
        path: `keys.json`; made where there is none, for its owner alone.
        name: Who or what it is given to; no other valid key has it.
        role: What it may do.
        days: After so many it is refused; None never.
        rate: Its own limit, such as `600/minute`; None takes that of all.
        record: Writes down that it is made, before it is; where it raises, no key is.

    Raises:
        KeyFileError: The name is taken or cannot be one, or the file is none of ours.
    """
    now = _now()
    secret = PREFIX + secrets.token_urlsafe(32)
    try:
        key = Key(
            name=name,
            role=role,
            sha256=hashlib.sha256(secret.encode()).hexdigest(),
            created=now,
            expires=None if days is None else now + dt.timedelta(days=days),
            rate=rate,
        )
    except ValidationError as error:
        raise KeyFileError(_why_not(name, error)) from None

    def added(keys: tuple[Key, ...]) -> tuple[Key, ...]:
        """Return the keys with the new one, where its name is free."""
        if any(k.name == name and k.state(now) == "valid" for k in keys):
            raise KeyFileError(
                f"expected a name that no valid key has, got {name!r}; take another, "
                f"or first run `kedro churn keys revoke {name}`"
            )
        if record is not None:
            record(key)
        return (*keys, key)

    _change(path, added)
    return secret


def revoke_key(path: Path, name: str) -> Key:
    """Refuse a key from now on and return it; its line stays, for the logs' sake.

    Raises:
        KeyFileError: No valid key has this name.
    """
    now, found = _now(), []

    def revoked(keys: tuple[Key, ...]) -> tuple[Key, ...]:
        """Return the keys, those of the name revoked."""
        living = [k for k in keys if k.name == name and k.revoked is None]
        if not living:
            raise KeyFileError(_unknown(name, keys))
        found.append(living[-1])
        return tuple(
            k.model_copy(update={"revoked": now}) if k in living else k for k in keys
        )

    _change(path, revoked)
    return found[0]


def _change(path: Path, change: Callable[[tuple[Key, ...]], tuple[Key, ...]]) -> None:
    """Change the file; two that do so at once go one after the other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.with_name(f".{path.name}.lock")):
        text = KeyFile(keys=change(read_keys(path))).model_dump_json(indent=1)
        replace(path, f"{text}\n", mode=_OWNER_ONLY)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # goes with the process, however it ends
        yield
    finally:
        os.close(descriptor)


def _unknown(name: str, keys: tuple[Key, ...]) -> str:
    valid = [key.name for key in keys if key.revoked is None]
    if not valid:
        return f"expected the name of a key, got {name!r}; there is no key to revoke"
    from difflib import get_close_matches

    near = get_close_matches(name, valid, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "see `kedro churn keys list`"
    return f"expected the name of a key that is not revoked, got {name!r}; {hint}"


def _why_not(name: str, error: ValidationError) -> str:
    (field, *_) = error.errors()[0]["loc"]
    if field == "rate":
        return str(error.errors()[0]["ctx"]["error"])
    return (
        "expected a name of 1 to 64 letters, digits, dots, dashes and underscores, "
        f"got {name[:80]!r}"
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)

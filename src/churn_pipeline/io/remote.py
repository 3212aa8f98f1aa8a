"""Files at a URL (`s3://`, `https://`, ...), read through a copy on this machine.

A copy is named after the address and what the server says of the file (ETag, time,
size): a file that has changed is fetched again, one that has not is not.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from churn_pipeline.io.remote_errors import explained, shown
from churn_pipeline.io.textfile import RawFileError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from fsspec.callbacks import Callback

COPIES = Path("data/02_intermediate/.remote")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(://|::)")
_LOCAL = ("file://", "local://")
_LONGEST_NAME = 100
_KEPT_SECONDS = 86_400  # another run may still read an earlier copy
_MEGABYTE = 1_000_000
# What tells one state of a file from the next, by any of the names it goes by.
_STAMPS = {
    "contentmd5",
    "digest",
    "etag",
    "lastmodified",
    "md5hash",
    "modified",
    "mtime",
    "updated",
}
# s3fs fetches ten parts of a large file at once; its own parts are 50 MB each.
_PART = {"s3": {"default_block_size": 8_000_000}}
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True)
class LocalFile:
    """A file on this machine, called by the address that it was asked for.

    Attributes:
        path: Where it is.
        name: What messages call it, free of passwords and signatures.
    """

    path: str
    name: str

    def __str__(self) -> str:
        """Return the name."""
        return self.name


def local_path(location: str) -> str | None:
    """Return where a file on this machine is; None where the location is elsewhere.

    Example:
        >>> local_path("data/a.csv"), local_path("file:///a.csv")
        ('data/a.csv', '/a.csv')
        >>> local_path("s3://bucket/a.csv") is None
        True
    """
    if not _URL.match(location):
        return location
    if not location.startswith(_LOCAL):
        return None
    from fsspec.implementations.local import LocalFileSystem

    return str(LocalFileSystem._strip_protocol(location))


def local_file(
    location: str,
    options: Mapping[str, Any] | None = None,
    *,
    copies: Path = COPIES,
) -> LocalFile:
    """Return a file on this machine, fetched first where it is elsewhere.

    Args:
        location: Path or URL.
        options: Arguments of the URL's fsspec file system, credentials among them.
        copies: Folder of the copies; a copy not used for a day goes with the next
            one from the same address.

    Raises:
        RawFileError: There is no such file, no right to read it, no package for such
            addresses, or no answer.
    """
    path = local_path(location)
    if path is not None:
        return LocalFile(path, path)
    with _told(location):
        filesystem, remote = _open(location, options)
        stamp, size = _state(filesystem, remote, location)
    folder = copies / _digest(location)
    name = _name(location)
    copy = folder / (stamp or "unstamped") / name
    has_copy = copy.is_file() and size in (None, copy.stat().st_size)
    if has_copy and stamp is not None:
        os.utime(copy)
    else:
        _fetch(filesystem, remote, copy, location, expected=(stamp, size))
        _prune(folder, keep=copy.parent)
    return LocalFile(str(copy), shown(location))


def remote_exists(location: str, options: Mapping[str, Any] | None = None) -> bool:
    """Return whether a path or URL is a file.

    Raises:
        RawFileError: There is no right to know, or no answer.
    """
    with _told(location):
        filesystem, path = _open(location, options)
        return bool(filesystem.exists(path))


def _open(
    location: str, options: Mapping[str, Any] | None
) -> tuple[AbstractFileSystem, str]:
    """Return the file system of a location, which remembers nothing, and the path."""
    import fsspec

    part = _PART.get(location.split("://", maxsplit=1)[0], {})
    filesystem, path = fsspec.core.url_to_fs(location, **(part | dict(options or {})))
    filesystem.invalidate_cache()
    return filesystem, path


def _state(
    filesystem: AbstractFileSystem, path: str, location: str
) -> tuple[str | None, int | None]:
    """Return what names this state of the file, None where nothing does, and bytes."""
    info = filesystem.info(path)
    if info.get("type") == "directory":
        raise RawFileError(
            f"expected a file at {shown(location)}, got a folder; name the file in it"
        )
    given = {re.sub("[^a-z0-9]", "", key.lower()) for key in info if info[key]}
    # A redirect's address may be signed anew for each request.
    content = {key: value for key, value in info.items() if key != "url"}
    stamp = _digest(json.dumps(content, sort_keys=True, default=str))
    return (stamp if given & _STAMPS else None), info.get("size")


def _fetch(
    filesystem: AbstractFileSystem,
    remote: str,
    copy: Path,
    location: str,
    *,
    expected: tuple[str | None, int | None],
) -> None:
    """Fetch a file with a progress bar; the copy appears whole or not at all."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    unfinished = copy.with_name(f".{copy.name}.{os.getpid()}.unfinished")
    try:
        with _told(location), _progress(copy.name, expected[1]) as callback:
            filesystem.get_file(remote, str(unfinished), callback=callback)
            filesystem.invalidate_cache()
            state = _state(filesystem, remote, location)
        size = unfinished.stat().st_size
        if state != expected or expected[1] not in (None, size):
            raise RawFileError(
                f"expected {shown(location)} to stay as it was while it was fetched, "
                f"got {size:,} bytes of another state; run again when it is written"
            )
        os.replace(unfinished, copy)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _progress(name: str, size: int | None) -> Iterator[Callback]:
    """Show a bar in megabytes; yield what fsspec tells its progress."""
    from fsspec.callbacks import Callback

    from churn_pipeline.progress import bar

    class Told(Callback):
        """Hands the bytes that arrived to the bar."""

        def __init__(self, advance: Callable[[float], None]) -> None:
            super().__init__()
            self._advance = advance

        def relative_update(self, inc: int = 1) -> None:
            """Move the bar."""
            self._advance(inc / _MEGABYTE)

    total = None if size is None else size / _MEGABYTE
    with bar(f"fetching {name} (MB)", total) as line:
        yield Told(line.advance)


def _prune(folder: Path, *, keep: Path) -> None:
    """Remove copies from the same address that nobody has used for a day."""
    for other in folder.iterdir():
        times = [path.stat().st_mtime for path in [other, *other.iterdir()]]
        if other != keep and max(times) < time.time() - _KEPT_SECONDS:
            shutil.rmtree(other, ignore_errors=True)


@contextmanager
def _told(location: str) -> Iterator[None]:
    """Turn what goes wrong at a file system into a RawFileError without secrets."""
    try:
        yield
    except RawFileError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _DISK:
            raise
        # Without its cause, whose text may hold a signed address.
        raise explained(location, error) from None


def _name(location: str) -> str:
    """Return the last part of a location; its suffixes say what the file is."""
    path = location.split("::", maxsplit=1)[0]
    if path.startswith("http"):
        path = urlsplit(path).path
    safe = re.sub(r"[^\w.-]", "_", PurePosixPath(path).name)
    return safe[-_LONGEST_NAME:] or "file"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]

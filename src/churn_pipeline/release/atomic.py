"""Small files that a reader sees whole: the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path


def replace(path: Path, text: str, *, mode: int | None = None) -> None:
    """Write a file so that a reader sees the old or the new one, whole.

    Args:
        path: The file.
        text: All of it.
        mode: Permissions that it has before anything stands in it; None leaves them
            to the process's umask.
    """
    fresh = path.with_name(f"{path.name}.new")
    if mode is not None:
        fresh.touch(mode)
        fresh.chmod(mode)
    fresh.write_text(text, encoding="utf-8")
    sync(fresh)
    os.replace(fresh, path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

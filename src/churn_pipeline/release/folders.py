"""Folders of files that are whole or not there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from churn_pipeline.release.atomic import sync


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder that is there."""
    for name, content in files.items():
        (folder / name).write_bytes(content)


def holds(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Return whether a folder holds exactly these files."""
    return {path.name: path.read_bytes() for path in folder.iterdir()} == files


def place(target: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder that is whole or not there, and wait until it is on the disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as parent:
        fresh = Path(parent) / "new"
        fresh.mkdir()
        fill(fresh)
        for path in fresh.rglob("*"):
            if path.is_file():
                sync(path)
        fresh.rename(target)
    sync(target.parent)

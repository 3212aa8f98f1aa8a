"""Numbers of the workers of one server, each in a file that the others read."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from churn_pipeline.serving.metrics import Samples, Series, summed

_PREFIX = "churn-service-"


class Shared:
    """The folder of one server's workers, who have their parent in common.

    What a worker that has ended counted stays counted, as counters must not fall;
    its gauges end with it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Make the folder, and remove those of servers that have ended."""
        if folder is None:
            _tidy()
            name = f"{_PREFIX}{os.getuid()}-{os.getppid()}"
            folder = Path(tempfile.gettempdir()) / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()  # a link could lead anywhere
        if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
            raise PermissionError(
                f"expected {folder} to be a folder of ours, got a link or one of "
                f"user {found.st_uid}; remove it, or set TMPDIR"
            )
        self._folder = folder
        self._own = folder / f"{os.getpid()}.json"

    def leave(self, samples: Samples) -> None:
        """Leave this worker's numbers to the others."""
        told = [[name, labels, value] for (name, labels), value in samples.items()]
        fresh = self._own.with_suffix(".new")
        self._folder.mkdir(
            mode=0o700, exist_ok=True
        )  # a cleaner of /tmp may have come by
        fresh.write_text(json.dumps(told), encoding="utf-8")
        fresh.replace(self._own)

    def with_others(self, samples: Samples) -> dict[Series, float]:
        """Return this worker's numbers and those of all others, added up."""
        others = [p for p in self._folder.glob("*.json") if p != self._own]
        return summed([samples, *map(_read, others)])


def _read(path: Path) -> dict[Series, float]:
    found: dict[Series, float] = {}
    with suppress(OSError, ValueError):
        for name, labels, value in json.loads(path.read_text(encoding="utf-8")):
            found[name, tuple((key, text) for key, text in labels)] = value
    if _is_alive(int(path.stem)):
        return found
    lasting = ("_total", "_bucket", "_count", "_sum")
    return {series: v for series, v in found.items() if series[0].endswith(lasting)}


def _tidy() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}{os.getuid()}-*"):
        if not _is_alive(int(folder.name.rpartition("-")[2])):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    return Path(f"/proc/{process}").exists()

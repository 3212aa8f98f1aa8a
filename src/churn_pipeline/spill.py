"""Where DuckDB puts what does not fit in memory: one folder a process.

Two processes that share a folder overwrite each other's blocks, and both crash.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
from pathlib import Path

from churn_pipeline import processes


def spill_folder(base: str) -> str:
    """Return the spill folder of this process (`${spill_folder:...}` in YAML).

    DuckDB makes it when it is needed. It goes when the process ends; that of a
    process that was killed goes when the next one asks for its own.

    Args:
        base: Beginning of its path, seen from the project: a folder that exists and
            the beginning of a name.
    """
    from kedro.utils import find_kedro_project

    project = find_kedro_project(Path.cwd()) or Path.cwd()
    return str(_own(Path(project).resolve() / base, os.getpid()))


@functools.cache
def _own(base: Path, _pid: int) -> Path:
    """Return the folder; a forked process, of another number, gets its own."""
    for folder in base.parent.glob(f"{base.name}-*"):
        if processes.has_ended(folder.name.removeprefix(f"{base.name}-")):
            shutil.rmtree(folder, ignore_errors=True)
    own = base.with_name(f"{base.name}-{processes.name()}")
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return own

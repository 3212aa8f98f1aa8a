"""Which command to type next, in words that work in the shell at hand."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def in_env(command: str, env: str | None) -> str:
    """Return a command for the data set of an environment.

    Examples:
        >>> in_env("kedro churn status", "telco")
        'kedro churn status --env telco'
        >>> in_env("make serve", "telco")
        'make serve ENV=telco'
    """
    if env is None:
        return command
    return (
        f"{command} ENV={env}"
        if command.startswith("make")
        else (f"{command} --env {env}")
    )


def activation() -> str | None:
    """Return what makes `kedro` known to this shell; None where it is known.

    `make` runs commands of an environment that the shell has not activated.
    """
    scripts = Path(sys.prefix) / "bin"
    found = shutil.which("kedro")
    if found is not None and Path(found).parent == scripts:
        return None
    if not (scripts / "activate").is_file():
        return None
    here = Path.cwd()
    shown = scripts.relative_to(here) if scripts.is_relative_to(here) else scripts
    return f"source {shown}/activate"

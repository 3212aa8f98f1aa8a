"""Which command to type next, in words that work in the shell at hand."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from churn_pipeline.release.ledger import Entry


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


def first_champion(
    found: Mapping[str, Any], entries: Sequence[Entry], env: str | None
) -> str:
    """Return why no model serves yet, and how to get one that does.

    Args:
        found: As `describe` gives it, of a data set without a champion.
        entries: The ledger, oldest first.
        env: The environment that was asked for.
    """
    none = f"no champion of {found['dataset']} yet"
    if not entries:
        start = "make run" if env is None else in_env("kedro run", env)
        return f"{none}: start with `{start}`"
    last = entries[-1]
    name = last.semantic_version or last.version
    if found["challengers"]:
        approve = in_env(f"kedro churn approve {name}", env)
        return f"{none}: {name} passed its gate and waits; run `{approve}`"
    promote = in_env(f"kedro churn promote {name} --override --reason WHY", env)
    return (
        f"{none}: the gate refused {name}: {last.reason}. Train on more or better "
        f"data, or run `{promote}`"
    )

"""Data sets as Kedro knows them: the folders of `conf/`."""

from __future__ import annotations

import re
from pathlib import Path

DEFAULT = "local"
"""The environment that a command takes without `--env`."""
_NOBODYS = {"base", "test"}
# Those that are of no data set, or of all of them, take no --env.
_COMMAND = re.compile(r"`(kedro (?:run|churn (?!adopt|backup|restore)\w)[^`]*)`")
_NAMED = re.compile(r"\s(?:--env|-e)\b")


def told_for(env: str | None, text: str) -> str:
    """Return a text whose commands act, typed as they stand, on a data set.

    Args:
        env: The environment; None: the default one, whose commands need no name.
        text: With commands between backquotes.

    Examples:
        >>> told_for("telco", "none waits; see `kedro churn status`")
        'none waits; see `kedro churn status --env telco`'
        >>> told_for(None, "start with `kedro run`")
        'start with `kedro run`'
    """
    if env is None or env == DEFAULT:
        return text

    def named(found: re.Match[str]) -> str:
        command = found[1]
        return found[0] if _NAMED.search(command) else f"`{command} --env {env}`"

    return _COMMAND.sub(named, text)


def require_environment(env: str, conf: Path) -> None:
    """Refuse a data set without a folder: Kedro would take the base one.

    Args:
        env: Name of the environment; `local` need not exist.
        conf: The project's configuration; where there is none, nothing is refused.

    Raises:
        ValueError: There is no `conf/<env>`.
    """
    if not conf.is_dir() or env == DEFAULT or (conf / env).is_dir():
        return
    described = {path.parent.name for path in conf.glob("*/dataset.yml")}
    raise ValueError(
        f"no data set is called {env!r}: expected one of "
        f"{', '.join(sorted(described - _NOBODYS))} (a folder in {conf}); make one "
        f"with `kedro churn adopt {env} FILE ...`"
    )

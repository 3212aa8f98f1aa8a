"""Data sets as Kedro knows them: the folders of `conf/`."""

from __future__ import annotations

from pathlib import Path

_NOBODYS = {"base", "test"}


def require_environment(env: str, conf: Path) -> None:
    """Refuse a data set without a folder: Kedro would take the base one.

    Args:
        env: Name of the environment; `local` need not exist.
        conf: The project's configuration; where there is none, nothing is refused.

    Raises:
        ValueError: There is no `conf/<env>`.
    """
    if not conf.is_dir() or env == "local" or (conf / env).is_dir():
        return
    described = {path.parent.name for path in conf.glob("*/dataset.yml")}
    raise ValueError(
        f"no data set is called {env!r}: expected one of "
        f"{', '.join(sorted(described - _NOBODYS))} (a folder in {conf}); make one "
        f"with `kedro churn adopt {env} FILE ...`"
    )

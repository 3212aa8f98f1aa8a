"""Where the online features of a data set lie."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

STORE = "CHURN_ONLINE_STORE"
FOLDERS = Path("data/04_feature")
SQLITE = "sqlite:///"
REDIS = ("redis://", "rediss://")


def online_place(
    dataset: str,
    environment: Mapping[str, str] | None = None,
    *,
    project: Path = Path(),
) -> str:
    """Return the URL of a data set's online store, which need not exist yet.

    Args:
        dataset: Name of the data set, as the served artifact's manifest has it.
        environment: `CHURN_ONLINE_STORE` names another place: `sqlite:///` and a
            path, or `redis://:password@host:6379/0`. None takes the process's.
        project: Folder that the project's own store lies under.

    Raises:
        ValueError: That is neither.

    Examples:
        >>> online_place("telco", {})
        'sqlite:///data/04_feature/telco/feature_store/online.db'
        >>> online_place("telco", {"CHURN_ONLINE_STORE": "redis://127.0.0.1:6379/1"})
        'redis://127.0.0.1:6379/1'
    """
    given = (os.environ if environment is None else environment).get(STORE)
    if not given:
        return (
            f"{SQLITE}{(FOLDERS / dataset / 'feature_store' / 'online.db').as_posix()}"
        )
    if not given.startswith((SQLITE, *REDIS)):
        scheme = given.split("://", maxsplit=1)[0] if "://" in given else "no URL"
        raise ValueError(
            f"expected {STORE} to be {SQLITE}PATH or redis://HOST:PORT/DB, got "
            f"{scheme}; unset it for the SQLite file in {FOLDERS}"
        )
    return given

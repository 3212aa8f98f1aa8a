"""Where a running service keeps what changes while it runs: one folder a data set."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SERVICE = "CHURN_SERVICE_DIR"
FOLDERS = Path("data/09_service")

KEYS = "keys.json"
ROLLOUT = "rollout.json"
AUDIT = "audit.jsonl"
SECURITY = "security.jsonl"
JOURNAL = "journal.db"
REQUESTS = "retrain_requests.jsonl"


def service_folder(dataset: str, environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of a data set's service; it need not exist yet.

    Args:
        dataset: Name of the data set, as the served artifact's manifest has it.
        environment: `CHURN_SERVICE_DIR` names the folder that the data sets' folders
            lie in, in place of the project's `data/09_service`. None takes the
            process's.

    Raises:
        ValueError: The name would lead out of that folder.

    Examples:
        >>> service_folder("telco", {}).as_posix()
        'data/09_service/telco'
        >>> service_folder("telco", {"CHURN_SERVICE_DIR": "/srv/churn"}).as_posix()
        '/srv/churn/telco'
    """
    if dataset in ("", ".", "..") or Path(dataset).name != dataset:
        raise ValueError(
            f"expected the name of a data set, got {dataset!r}; a name has no slash"
        )
    given = os.environ if environment is None else environment
    return Path(given.get(SERVICE) or FOLDERS) / dataset


def has_service(folder: Path) -> bool:
    """Return whether a service's folder has more than a log of what was done there.

    A command such as `kedro churn forget` writes that down where no service ever ran.
    """
    found = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
    return any(not name.startswith(".") and name != AUDIT for name in found)

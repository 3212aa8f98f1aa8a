"""Who released what, when and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from churn_pipeline.params import Params
from churn_pipeline.release.chain import Chain

Action = Literal[
    "register", "pend", "refuse", "promote", "approve", "reject", "rollback"
]

CROWNED: tuple[Action, ...] = ("promote", "approve", "rollback")
"""Those after which a version is champion."""


class Entry(Params):
    """One decision.

    Attributes:
        time: When, UTC, ISO 8601.
        who: Name of the person's or job's account.
        action: `register` a version that passed its gate and every check, `pend` one
            that passed its gate and not every check, `refuse` one that its gate did
            not let pass, `promote` or `approve` one as champion, `reject` one that
            waits, `rollback` to the one before.
        version: The version that the action is about; of a rollback the one that is
            champion after it.
        semantic_version: Its MAJOR.MINOR.PATCH; None where it was registered before
            models had one.
        previous: Champion before the action; None where there was none.
        reason: Why, in words.
        gate: What the gate had said of the version.
        failed: Names of the checks of the version that failed.
        role: Of the person in `release.approvers`; empty where they are not named.
    """

    time: str
    who: str
    action: Action
    version: str
    semantic_version: str | None = None
    previous: str | None = None
    reason: str = ""
    gate: Literal["approved", "refused"]
    failed: tuple[str, ...] = ()
    role: str = ""


class Ledger(Chain[Entry]):
    """The ledger file of a data set."""

    def __init__(self, path: str | Path) -> None:
        """Name the file; it and the `.head` beside are made by the first entry."""
        super().__init__(path, Entry)


def champions(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the champions, the reigning one last; a rollback takes one off.

    Examples:
        >>> entry = {"time": "", "who": "", "gate": "approved"}
        >>> first = Entry(action="promote", version="1", **entry)
        >>> second = Entry(action="promote", version="2", **entry)
        >>> champions([first, second, Entry(action="rollback", version="1", **entry)])
        ('1',)
    """
    stack: list[str] = []
    for entry in entries:
        if entry.action in ("promote", "approve"):
            stack.append(entry.version)
        elif entry.action == "rollback":
            stack = stack[:-1]
    return tuple(stack)


def now() -> str:
    """Return the time, UTC, ISO 8601, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")

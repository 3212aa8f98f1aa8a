"""Which process did something, for whom, and whether it is still there."""

from __future__ import annotations

import os
import platform
import pwd
import re

_SLACK_SECONDS = 2.0
"""A clock that was set in between shifts when a process seems to have begun."""


def host() -> str:
    """Return the name of this machine, or of this container."""
    return platform.node()


def account() -> str:
    """Return the name of the account that runs this, which no variable can change."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # A container may run under a number that no user list knows.
        return f"uid {os.getuid()}"


def born() -> float:
    """Return when this process began, seconds since 1970."""
    import psutil

    return float(psutil.Process().create_time())


def is_alive(pid: int, began: float) -> bool:
    """Return whether a process of this machine runs, and is the one meant.

    Args:
        pid: Its number; numbers are used again.
        began: When it began, seconds since 1970.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return bool(abs(process.create_time() - began) < _SLACK_SECONDS)
    except psutil.NoSuchProcess:
        return False


def name() -> str:
    """Return a name for what belongs to this process alone.

    It is the machine, the number of the process and the second it began in.
    """
    return f"{host()}-{os.getpid()}-{born():.0f}"


def has_ended(process: str) -> bool:
    """Return whether the process of a `name` was of this machine, and is gone.

    Of another machine's process nothing is known, so it has not ended.
    """
    found = re.fullmatch(rf"{re.escape(host())}-(\d+)-(\d+)", process)
    return found is not None and not is_alive(*map(int, found.groups()))
